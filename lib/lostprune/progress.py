"""Progress of long work: one bar with the time left, in a terminal, a notebook or a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from tqdm.auto import tqdm


class Progress:
    """Counts images that networks have seen, and says what is being done.

    A terminal or a notebook shows a bar with the time left; a log, where a bar would fill pages, gets a line about
    every half minute.

    Args:
        total: images in all that is left to do; ``0`` shows nothing.
        title: what the bar is called.
    """

    def __init__(self, total: int, title: str):
        self.title, self.total, self.done = title, total, 0
        self.started = self.logged = time.monotonic()
        in_log = not (sys.stderr.isatty() or "ipykernel" in sys.modules)
        self.bar = None if in_log or not total else tqdm(total=total, desc=title, unit=" images", unit_scale=True)
        self.to_log = in_log and bool(total)

    def say(self, doing: str) -> None:
        """Name the work that begins, such as ``WT, repetition 1, cycle 2 of 3``."""
        self.title = doing
        if self.bar is not None:
            self.bar.set_description(doing)

    def step(self, images: int, record: dict | None = None) -> None:
        """Count ``images`` more; ``record`` holds epoch, loss and error at the end of an epoch."""
        self.done += images
        shown = (
            "" if record is None else f"epoch {record['epoch']}, loss {record['loss']:.3f}, error {record['error']:.1%}"
        )
        if self.bar is not None:
            self.bar.update(images)
            if shown:
                self.bar.set_postfix_str(shown)
        elif self.to_log and (time.monotonic() - self.logged > 30 or self.done >= self.total):
            self.logged = time.monotonic()
            left = (self.logged - self.started) * (self.total - self.done) / max(self.done, 1)
            print(f"{self.title}: {self.done / self.total:.0%}, {left:.0f} s left {shown}".rstrip(), file=sys.stderr)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()
