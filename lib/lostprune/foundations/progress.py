"""Progress of long work: one bar with the time left, in a terminal, a notebook or a log; or whoever watches it."""

from __future__ import annotations

import contextvars
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

from tqdm.auto import tqdm

LOG_EVERY = 30.0  # seconds between the lines of a log


class Stopped(BaseException):
    """The work was told to stop, by a time limit or a signal; what was finished is on disk.

    Like ``KeyboardInterrupt`` it is no ``Exception``: code that falls back when something fails must not swallow it.
    """


class Watch(Protocol):
    """Whoever is told of progress in the place of a bar. Either method may raise :class:`Stopped`."""

    def said(self, progress: Progress) -> None:
        """Another piece of the work begins."""

    def stepped(self, progress: Progress) -> None:
        """A step is done."""


_WATCH: contextvars.ContextVar[Watch | None] = contextvars.ContextVar("watch", default=None)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Tell ``watch`` of all progress that begins inside, instead of showing it."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


class Progress:
    """Counts images that networks have seen, and says what is being done.

    A terminal or a notebook shows a bar with the time left; a log, where a bar would fill pages, gets a line about
    every half minute. Inside :func:`watched_by` the watch is told and nothing is shown.

    Args:
        total: images in all that is left to do; ``0`` shows nothing.
        title: what the bar is called.
    """

    def __init__(self, total: int, title: str):
        self.title, self.total, self.done = title, total, 0
        self.started = self.logged = time.monotonic()
        self.watch = _WATCH.get()
        shown = bool(total) and self.watch is None
        self.bar = None if in_log() or not shown else tqdm(total=total, desc=title, unit=" images", unit_scale=True)
        self.to_log = in_log() and shown

    def say(self, doing: str) -> None:
        """Name the work that begins, such as ``WT, repetition 1, cycle 2 of 3``."""
        self.title = doing
        if self.watch is not None:
            self.watch.said(self)
        elif self.bar is not None:
            self.bar.set_description(doing)

    def step(self, images: int, record: dict | None = None) -> None:
        """Count ``images`` more; ``record`` holds epoch, loss and error at the end of an epoch."""
        self.done += images
        shown = (
            "" if record is None else f"epoch {record['epoch']}, loss {record['loss']:.3f}, error {record['error']:.1%}"
        )
        if self.watch is not None:
            self.watch.stepped(self)
        elif self.bar is not None:
            self.bar.update(images)
            if shown:
                self.bar.set_postfix_str(shown)
        elif self.to_log and (time.monotonic() - self.logged > LOG_EVERY or self.done >= self.total):
            self.logged = time.monotonic()
            left = (self.logged - self.started) * (self.total - self.done) / max(self.done, 1)
            told = f"{self.title}: {self.done / self.total:.0%}, {in_words(left)} left {shown}"
            print(told.rstrip(), file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()


def in_log() -> bool:
    """Whether what is shown goes into a file or a pipe: lines then, no bars."""
    return not (sys.stderr.isatty() or "ipykernel" in sys.modules)


def in_words(seconds: float | None) -> str:
    """A length of time as people say it: ``45 s``, ``12 min``, ``3 h 05 min``; ``?`` where it is not known."""
    if seconds is None:
        return "?"
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
