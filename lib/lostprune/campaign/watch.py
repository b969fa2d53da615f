"""Watches a job: says how far it is, and stops it in time."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from ..foundations import notes
from ..foundations.progress import Progress, Stopped


@dataclass
class Watch:
    """Follows the progress of one job (see ``progress.Watch``), in the process that does it.

    Args:
        note: the file with the job's progress, for anyone to read; nothing waits for it.
        ticket: the file whose end means stop: its campaign is stopping.
        seconds_left: until the limit, from now on; ``None`` for no limit. Clocks may jump: this is measured on one
            that does not.
        piece_seconds: how long one piece may take; a piece that does not fit before the limit is not begun.
    """

    note: Path
    ticket: Path
    seconds_left: float | None = None
    piece_seconds: float | None = None

    def __post_init__(self) -> None:
        self.note.parent.mkdir(parents=True, exist_ok=True)
        now = time.monotonic()
        self.limit = None if self.seconds_left is None else now + self.seconds_left
        self.looked, self.pieces, self.piece_began = 0.0, 0, now

    def said(self, progress: Progress) -> None:
        """Another piece begins, or does not, if it would not fit."""
        now = time.monotonic()
        self._measure(progress, now)
        self._look(progress, now)
        if self.limit is not None and now + (self.piece_seconds or 0) > self.limit:
            raise Stopped("the next piece of work would not fit before the time limit")

    def stepped(self, progress: Progress) -> None:
        """The work has gone on a little."""
        now = time.monotonic()
        if self.limit is not None and now > self.limit:
            raise Stopped("the time limit is reached")
        self._measure(progress, now)
        if now - self.looked >= notes.EVERY:
            self._look(progress, now)

    def _measure(self, progress: Progress, now: float) -> None:
        """How long the longest piece took until now."""
        if progress.pieces != self.pieces:
            if self.pieces:
                self.piece_seconds = max(self.piece_seconds or 0, now - self.piece_began)
            self.pieces, self.piece_began = progress.pieces, now

    def _look(self, progress: Progress, now: float) -> None:
        self.looked = now
        if not self.ticket.exists():
            raise Stopped("the campaign stops")
        notes.write(self.note, **progress.note(), host=socket.gethostname(), pid=os.getpid())

    def ended(self, progress: Progress) -> None:
        """The note stays until the job is at its end; see :meth:`close`."""

    def close(self) -> None:
        """Take the note away."""
        self.note.unlink(missing_ok=True)
