"""Reading every image of a set once, before the first is trained on: a damaged one is found within minutes."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from ..foundations.threads import cores
from . import checked
from .pictures import DamagedImage

log = logging.getLogger("lostprune")
NAMED = 10  # damaged images that a message names


def workers() -> int:
    """How many processes read and decode images: ``LOSTPRUNE_WORKERS``, else one for each core, at most 16.

    Raises:
        ValueError: the variable is no whole number of at least 0.
    """
    asked = os.environ.get("LOSTPRUNE_WORKERS")
    if multiprocessing.current_process().daemon:  # which may not start any
        return 0
    if not asked:
        return min(cores(), 16)
    if not asked.isdecimal():
        raise ValueError(f"LOSTPRUNE_WORKERS: got {asked!r}, expected a whole number of processes, such as 4")
    return int(asked)


def leave_stopping_to_the_reader(_worker: int) -> None:
    """For a DataLoader's ``worker_init_fn``: a signal to a whole job, as Slurm sends, must not end workers first.

    The process that reads from them decides when it stops, and its workers end with it, however it ends.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def check_all(name: str, count: int, check: Callable[[int], object], digest: str, folder: Path) -> None:
    """Check images 0 to ``count - 1``, unless they were found right when the files had the same ``digest``.

    Args:
        name: name of the set, as in ``"imagenet train"``.
        check: raises DamagedImage for an image that is not right.
        folder: the data folder, where it is remembered that they are.

    Raises:
        DamagedImage: some are not; names the first ten.
    """
    checked.once_for(name, [digest], folder, lambda: _check_now(name, count, check))


def _check_now(name: str, count: int, check: Callable[[int], object]) -> None:
    loader = DataLoader(
        _Problems(count, check),
        64,
        num_workers=workers() if count > 1000 else 0,
        collate_fn=list,
        worker_init_fn=leave_stopping_to_the_reader,
    )
    with tqdm(desc=f"{name}: checking the images", total=count, unit="images", leave=False) as bar:
        problems = []
        for batch in loader:
            problems += filter(None, batch)
            bar.update(len(batch))
    if problems:
        more = f"\n  and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        raise DamagedImage(
            f"{name}: {len(problems):,} of {count:,} images cannot be used; replace them, or remove them from the set:"
            + "".join(f"\n  - {problem}" for problem in itertools.islice(problems, NAMED))
            + more
        )


class _Problems(Dataset):
    """What is wrong with each image, in words; nothing for one that is right."""

    def __init__(self, count: int, check: Callable[[int], object]):
        self.count, self.check = count, check

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> str:
        try:
            self.check(index)
        except DamagedImage as problem:
            return str(problem)
        return ""
