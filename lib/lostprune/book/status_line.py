"""What a notebook is doing, shown by the program that runs it: a line in a terminal, lines in a log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from ..foundations import notes
from ..foundations.progress import LOG_EVERY, PASSES, how_far, in_log


class StatusLine(threading.Thread):
    """Shows, while the ``with`` block runs, what a kernel notes (``progress.VARIABLE``), or else where it is.

    Args:
        notebook: its name; every line begins with it, unless it is empty.
        note: file in which the kernel notes its progress.
        where: says where the notebook is, when its kernel notes nothing.
        refresh: called every second in a terminal, to redraw everything else there.
        on_computing: called once, when the kernel begins to train or measure networks.
    """

    def __init__(
        self,
        notebook: str,
        note: Path,
        where: Callable[[], str],
        refresh: Callable[[], object] = lambda: None,
        on_computing: Callable[[], object] = lambda: None,
    ):
        super().__init__(daemon=True)
        self.start_of_line = f"{notebook}: " if notebook else ""
        self.note, self.where, self.refresh, self.on_computing = note, where, refresh, on_computing
        self.over, self.computing = threading.Event(), False

    def __enter__(self) -> StatusLine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the line away; twice does no harm."""
        self.over.set()
        self.join()

    def words(self) -> str:
        """What is being done now, how far it is and how much time is left."""
        note = notes.read(self.note)
        if note is not None and note["unit"] == PASSES and not self.computing:
            self.computing = True
            self.on_computing()
        return self.start_of_line + (self.where() if note is None else how_far(note))

    def run(self) -> None:
        """The thread."""
        if in_log():
            while not self.over.wait(LOG_EVERY):
                tqdm.write(self.words(), file=sys.stderr)
            return
        with tqdm(bar_format="{desc}", leave=False) as line:
            while not self.over.wait(notes.EVERY):
                line.set_description_str(self.words())
                self.refresh()
