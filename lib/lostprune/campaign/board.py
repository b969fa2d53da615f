"""What a campaign shows: one line for each running job with the time left, and one for all of it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tqdm.auto import tqdm

from ..foundations import notes
from ..foundations.progress import LOG_EVERY, how_far, in_log, in_words
from .jobs import Job, label

EVERY = 1.0  # seconds


class Board(threading.Thread):
    """Reads the notes of the running jobs, wherever they run, and shows them until it is closed.

    A terminal and a notebook get a bar for each job, below a line for all; a log gets lines, every ten seconds.

    Args:
        folder: the store.
        workers: how many jobs run at once.
    """

    def __init__(self, folder: Path, workers: int):
        super().__init__(daemon=True)
        self.folder, self.workers = folder, workers
        self.jobs: dict[str, Job] = {}
        self.bars: dict[str, tqdm] = {}
        self.expected, self.expected_at = 0.0, time.monotonic()
        self.changed, self.over = threading.Lock(), threading.Event()

    def expect(self, seconds: float) -> None:
        """How long all that is left would take one worker; 0 where that is not known."""
        self.expected, self.expected_at = seconds / self.workers, time.monotonic()

    def began(self, job: Job) -> None:
        """Show a job from now on."""
        with self.changed:
            self.jobs[job.name] = job

    def ended(self, job: Job) -> None:
        """Show it no longer."""
        with self.changed:
            self.jobs.pop(job.name, None)
            if job.name in self.bars:
                self.bars.pop(job.name).close()

    def tell(self, say: Callable[[str], None], line: str) -> None:
        """Let ``say`` print a line that stays, above the bars."""
        with self.changed, tqdm.external_write_mode(file=sys.stderr):
            say(line)

    def close(self) -> None:
        """Stop showing; what was shown last is taken away."""
        self.over.set()
        if self.is_alive():
            self.join()
        for bar in self.bars.values():
            bar.close()
        self.bars.clear()

    def run(self) -> None:
        """The thread."""
        logged = time.monotonic()
        while not self.over.wait(EVERY):
            with self.changed:
                if not in_log():
                    self._draw()
                elif time.monotonic() - logged >= LOG_EVERY:
                    logged = time.monotonic()
                    self._log()

    def words(self) -> list[str]:
        """One line for each running job that has said something, and the last one for all of it."""
        running = self._notes()
        return [in_line(job, note) for job, note in running] + [self._in_all(running)]

    def _notes(self) -> list[tuple[Job, dict]]:
        read = [(job, notes.read(job.note(self.folder))) for job in self.jobs.values()]
        return [(job, note) for job, note in read if note is not None]

    def _in_all(self, running: list[tuple[Job, dict]]) -> str:
        if not self.expected:
            return "time left in all: not measured yet"
        left = self.expected - (time.monotonic() - self.expected_at)
        # Work may take longer than earlier work of its kind: no less than what the slowest of the running jobs needs.
        left = max(0.0, left, *(notes.seconds_left(note) or 0.0 for _, note in running))
        return f"in all about {in_words(left)} left"

    def _log(self) -> None:
        print("\n".join(self.words()), file=sys.stderr, flush=True)

    def _draw(self) -> None:
        running = self._notes()
        self._show("", self._in_all(running), 0, 1)
        for job, note in running:
            self._show(job.name, in_line(job, note), note["done"], note["total"])

    def _show(self, name: str, line: str, done: int, total: int) -> None:
        """Draw or update a line, with a bar behind what is said about a job."""
        if name not in self.bars:
            layout = "{desc} {bar:12}" if name else "{desc}"
            self.bars[name] = tqdm(desc=line, initial=done, total=total, bar_format=layout, leave=False)
        bar = self.bars[name]
        bar.n, bar.total = done, total
        bar.set_description_str(line)


def in_line(job: Job, note: dict) -> str:
    """A running job in one line: what is being done where, how far it is, and how much time is left."""
    return f"{label(job.study)}: {how_far(note)}, on {note['host']}"
