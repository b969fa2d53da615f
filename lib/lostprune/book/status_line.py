"""What a notebook is doing, shown by the program that runs it: a line in a terminal, lines in a log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from ..foundations import notes
from ..foundations.progress import LOG_EVERY, how_far


class StatusLine(threading.Thread):
    """Shows, while the ``with`` block runs, what a kernel notes (``progress.VARIABLE``), or else where it is.

    Args:
        notebook: its name; every line of a log begins with it.
        note: where the kernel notes its progress.
        where: says where the notebook is, when its kernel notes nothing.
        refresh: is called every second in a terminal, to redraw what else is shown there.
    """

    def __init__(
        self, notebook: str, note: Path, where: Callable[[], str], refresh: Callable[[], object] = lambda: None
    ):
        super().__init__(daemon=True)
        self.notebook, self.note, self.where, self.refresh = notebook, note, where, refresh
        self.over, self.computed = threading.Event(), False

    def __enter__(self) -> StatusLine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def words(self) -> str:
        """What is being done now, how far it is and how long it will go on."""
        note = notes.read(self.note)
        self.computed |= note is not None
        return self.where() if note is None else how_far(note)

    def run(self) -> None:
        """The thread."""
        if sys.stderr.isatty():
            with tqdm(bar_format="{desc}", leave=False, file=sys.stderr) as line:
                while not self.over.wait(notes.EVERY):
                    line.set_description_str(self.words())
                    self.refresh()
        else:
            while not self.over.wait(LOG_EVERY):
                print(f"{self.notebook}: {self.words()}", file=sys.stderr, flush=True)
