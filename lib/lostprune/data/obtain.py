"""Filling the data folder from the first source that has the data."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from ..foundations.reasons import first_line
from .datasets import Dataset
from .fetch import check, fetch
from .kept import check_arrays, keep, read_kept
from .sources import Source

log = logging.getLogger("lostprune")


class DataUnavailable(RuntimeError):
    """A data set is not available; the message says why and what to do."""


def obtain(name: str, dataset: Dataset, folder: Path) -> None:
    """Keep all splits of a data set in ``folder / name``.

    Processes that start at once wait for each other: one fetches, the others find what it kept.

    Raises:
        DataUnavailable: no source gave the data, or the folder cannot be written.
    """
    with writing(name, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{name}.lock"):
            missing = [split for split in dataset.parts if read_kept(folder / name, dataset, split) is None]
            if missing:
                _remove_leftovers(name, dataset, folder)
                _obtain_from_sources(name, dataset, folder, missing)


@contextlib.contextmanager
def writing(name: str, folder: Path) -> Iterator[None]:
    """A failure to write to the data folder becomes a DataUnavailable that says what to do."""
    try:
        yield
    except OSError as error:
        # numpy gives no errno when a write falls short, as on a full disk
        reason = os.strerror(error.errno) if error.errno else f"not all was written: {error}"
        raise DataUnavailable(
            f"{name}: cannot write to the data folder {folder} ({reason}); "
            "free some space, or set LOSTPRUNE_DATA to a folder that has room and that you can write to"
        ) from error


def _obtain_from_sources(name: str, dataset: Dataset, folder: Path, missing: list[str]) -> None:
    """What already lies in the folder is tried first, then what can be fetched, each in the order of the table."""
    present = [(source, False) for source in dataset.sources if (folder / source.file).exists()]
    remote = [(source, True) for source in dataset.sources if source.origin]
    failures = []
    for source, is_remote in present + remote:
        label = f"{source.file} from {source.origin}" if is_remote else f"{source.file} in {folder}"
        try:
            path = fetch(source, folder) if is_remote else folder / source.file
            if not is_remote and source.sha256:
                check(path, source)
            arrays = source.read(path)
            for split, part in dataset.parts.items():
                check_arrays(*arrays[split], part, dataset.image_shape)
        except Exception as error:  # whatever is wrong with a source is that source's reason; the next may be fine
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            failures.append(f"{label}: {first_line(error)}")
            log.log(logging.INFO if is_remote else logging.WARNING, "%s: not used, %s", name, failures[-1])
            continue
        for split in missing:
            keep(folder / name, split, dataset.parts[split], *arrays[split])
        if is_remote:
            path.unlink()  # the kept arrays replace it; what a user put there stays
        return
    raise DataUnavailable(_explain(name, dataset.sources, folder, failures))


def _explain(name: str, sources: tuple[Source, ...], folder: Path, failures: list[str]) -> str:
    lines = [f"{name}: no source gave the data.", *(f"  - {failure}" for failure in failures)]
    lines.append(f"Put one of these into {folder} by hand and run again (another folder: set LOSTPRUNE_DATA):")
    for source in sources:
        what = f"{source.size:,} bytes, {source.origin}" if source.origin else "a folder, as extracted from its archive"
        lines.append(f"  - {source.file} ({what})")
    return "\n".join(lines)


def _remove_leftovers(name: str, dataset: Dataset, folder: Path) -> None:
    """Remove what a killed process left under temporary names; nobody else writes while the lock is held."""
    leftovers = [path for source in dataset.sources for path in folder.glob(f".{source.file}.*.part")]
    for leftover in [*leftovers, *(folder / name).glob(".*.part")]:
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
