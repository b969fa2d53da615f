"""One file from a public address, such as the weights of a network that someone else trained."""

from __future__ import annotations

import http.client
import os
from pathlib import Path

import filelock

from .fetch import check, fetch
from .loading import locate
from .obtain import DataUnavailable
from .sources import Source


def obtain_file(origin: str, size: int, sha256: str, folder: str | os.PathLike | None = None) -> Path:
    """A file in the data folder, which is fetched first if it is not there.

    Args:
        origin: its address, ``https://…``; the last part is its name. You may put the file there by hand.
        size: bytes.
        sha256: hexadecimal digest; the file is always checked against it.
        folder: the data folder, see :func:`lostprune.data.locate`.

    Raises:
        DataUnavailable: it cannot be fetched or written, or what lies there is another file; says what to do.
    """
    folder = locate(folder)
    source = Source(origin.rpartition("/")[2], origin=origin, size=size, sha256=sha256)
    path = folder / source.file
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(folder / f".{source.file}.lock"):
                if not path.exists():  # another process may have fetched it
                    fetch(source, folder)
        check(path, source)  # in a folder that may be read-only
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DataUnavailable(
            f"{source.file}: {path if path.exists() else origin} cannot be used: {error}\n"
            f"Put {source.file} ({size:,} bytes) from {origin} into {folder} by hand and run again "
            "(another folder: set LOSTPRUNE_DATA)."
        ) from error
    return path
