"""Progress of long work: one bar with the time left, in a terminal, a notebook or a log; or told to a watch."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tqdm.auto import tqdm

from . import notes

LOG_EVERY = 10.0  # seconds between the lines of a log
PASSES = " passes"  # what is counted where networks are trained or measured: images that go through one
TRAINING_PASSES = 3  # of an image that is trained on: its way back takes as long as two ways forward
# Names a file: progress is written there, for a program that runs a notebook and shows what its kernel does.
VARIABLE = "LOSTPRUNE_PROGRESS"


class Stopped(BaseException):
    """The work was told to stop, by a time limit or a signal; what was finished is on disk.

    Like ``KeyboardInterrupt`` it is not an ``Exception``, so that code with a fallback for errors does not swallow it.
    """


class Watch(Protocol):
    """Is told of progress in the place of a bar. The first two may raise :class:`Stopped`."""

    def said(self, progress: Progress) -> None:
        """Another piece of the work begins."""

    def stepped(self, progress: Progress) -> None:
        """A step is done."""

    def ended(self, progress: Progress) -> None:
        """The work has ended, however."""


_WATCH: contextvars.ContextVar[Watch | None] = contextvars.ContextVar("watch", default=None)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Tell ``watch`` of all progress that begins inside, instead of showing it."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


@contextmanager
def noted_at(path: Path) -> Iterator[None]:
    """Have the processes that are started inside note their progress there."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(path)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


class Progress:
    """Counts what is done, and says what is being done.

    A terminal or a notebook shows a bar with the time left; a log, where a bar would fill pages, gets a line every ten
    seconds. Where a program runs a notebook and shows its progress, it is told instead (:data:`VARIABLE`), and inside
    :func:`watched_by` the watch.

    Args:
        total: how much there is to do; ``0`` shows nothing.
        title: the bar's title.
        unit: name of the things that are counted.
    """

    def __init__(self, total: int, title: str, unit: str = PASSES):
        self.title, self.total, self.unit, self.done = title, total, unit, 0
        self.skipped = 0  # of those done: what an earlier run did, which says nothing about the pace
        self.last_record = ""
        self.pieces = 0  # that have begun; what is stopped loses the last of them
        self.started = time.monotonic()
        self.watch = _WATCH.get() or (_shown_by(self) if total else None)

    def say(self, doing: str) -> None:
        """Name the work that begins, such as ``WT, repetition 1, cycle 2 of 3``."""
        self.title = doing
        self.pieces += 1
        if self.watch is not None:
            self.watch.said(self)

    def step(self, count: int, record: dict | None = None) -> None:
        """Count ``count`` more; ``record`` holds epoch, loss and error at the end of an epoch."""
        self.done += count
        if record is not None:
            self.pieces += 1
            self.last_record = f"epoch {record['epoch']}, loss {record['loss']:.3f}, error {record['error']:.1%}"
        if self.watch is not None:
            self.watch.stepped(self)

    def skip(self, count: int) -> None:
        """Count ``count`` more that an earlier run has done."""
        self.done += count
        self.skipped += count
        if self.watch is not None:
            self.watch.stepped(self)

    def note(self) -> dict:
        """How far the work is, as :mod:`notes` has it."""
        seconds = time.monotonic() - self.started
        return {
            "doing": self.title, "done": self.done, "skipped": self.skipped, "total": self.total, "seconds": seconds,
        }  # fmt: skip

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.watch is not None:
            self.watch.ended(self)


class _Bar:
    """A bar of tqdm's, in a terminal or a notebook; tqdm itself redraws it every ten seconds if nothing happens."""

    def __init__(self, progress: Progress):
        self.bar = tqdm(total=progress.total, desc=progress.title, unit=progress.unit, unit_scale=True)

    def said(self, progress: Progress) -> None:
        self.bar.set_description(progress.title)

    def stepped(self, progress: Progress) -> None:
        self.bar.set_postfix_str(progress.last_record, refresh=False)
        skipped = progress.skipped - self.bar.initial
        for count in ("initial", "n", "last_print_n"):  # tqdm's pace would take an update for work
            setattr(self.bar, count, getattr(self.bar, count) + skipped)
        self.bar.update(progress.done - self.bar.n)

    def ended(self, progress: Progress) -> None:
        self.bar.close()


class _Lines:
    """Lines in a log, from a thread: they come however long a piece of the work takes."""

    def __init__(self, progress: Progress):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(progress,), daemon=True)
        self.thread.start()

    def said(self, progress: Progress) -> None:
        """The next line says it."""

    def stepped(self, progress: Progress) -> None:
        """The next line says it."""

    def ended(self, progress: Progress) -> None:
        self.over.set()
        self.thread.join()
        self._tell(progress)

    def _run(self, progress: Progress) -> None:
        while not self.over.wait(LOG_EVERY):
            self._tell(progress)

    def _tell(self, progress: Progress) -> None:
        print(f"{how_far(progress.note())} {progress.last_record}".rstrip(), file=sys.stderr, flush=True)


class _Note:
    """A note (``notes``) that says how far the work is, while there is work."""

    def __init__(self, path: Path, progress: Progress):
        self.path, self.written = path, 0.0
        self.said(progress)

    def said(self, progress: Progress) -> None:
        self.written = time.monotonic()
        notes.write(self.path, **progress.note(), unit=progress.unit)

    def stepped(self, progress: Progress) -> None:
        if time.monotonic() - self.written >= notes.EVERY:
            self.said(progress)

    def ended(self, progress: Progress) -> None:
        self.path.unlink(missing_ok=True)


def _shown_by(progress: Progress) -> Watch:
    if os.environ.get(VARIABLE):
        return _Note(Path(os.environ[VARIABLE]), progress)
    return _Lines(progress) if in_log() else _Bar(progress)


def in_log() -> bool:
    """Whether what is shown goes into a file or a pipe: lines then, no bars."""
    return not (sys.stderr.isatty() or "ipykernel" in sys.modules)


def how_far(note: dict) -> str:
    """What a note says, for a reader: ``WT, cycle 2 of 3: 43%, about 2 min left``."""
    share = f"{note['done'] / note['total']:.0%}" if note["total"] else "begins"
    left = notes.seconds_left(note)
    return f"{note['doing']}: {share}" + ("" if left is None else f", about {in_words(left)} left")


def in_words(seconds: float | None) -> str:
    """A length of time as people say it: ``45 s``, ``12 min``, ``3 h 05 min``; ``?`` where it is not known."""
    if seconds is None:
        return "?"
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
