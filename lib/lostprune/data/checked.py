"""Which large files were already compared with their digests: remembered beside them, so that it is done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..foundations.store import write_whole

_RECORD = ".checked.json"
_known: dict[str, list[int]] = {}  # what this process found right, where the folder cannot be written


def once(path: Path, folder: Path, check: Callable[[Path], None], again: bool = False) -> None:
    """Call ``check`` on a file in the data folder, unless it has passed and its size and time of change are the same.

    Args:
        path: the file, in ``folder`` or below it.
        check: raises if the file is wrong.
        again: check even if it has passed.

    Raises:
        Whatever ``check`` raises; OSError if there is no such file.
    """
    now = path.stat()
    state, name = [now.st_size, now.st_mtime_ns], path.relative_to(folder).as_posix()
    if not again and state in (_known.get(str(path)), _read(folder).get(name)):
        return
    check(path)
    _known[str(path)] = state
    record = json.dumps(_read(folder) | {name: state}, indent=1)
    try:
        write_whole(folder / _RECORD, lambda part: part.write_text(record))
    except OSError:
        pass  # a folder that can only be read; the next process checks again


def _read(folder: Path) -> dict[str, list[int]]:
    try:
        record = json.loads((folder / _RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
