"""Which large files and sets of images were already checked: remembered beside them, so that it is done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..foundations import verified
from ..foundations.store import write_whole

_RECORD = ".checked.json"


def once(path: Path, folder: Path, check: Callable[[Path], None], again: bool = False) -> None:
    """Call ``check`` on a file in the data folder, unless it has passed and its size and time of change are the same.

    Args:
        path: the file, in ``folder`` or below it.
        check: raises if the file is wrong.
        again: check even if it has passed.

    Raises:
        Whatever ``check`` raises; OSError if there is no such file.
    """
    state = path.stat()
    name = path.relative_to(folder).as_posix()
    once_for(name, [state.st_size, state.st_mtime_ns], folder, lambda: check(path), again)


def once_for(name: str, state: list, folder: Path, check: Callable[[], None], again: bool = False) -> None:
    """Call ``check`` on whatever ``name`` stands for, unless it has passed in the same ``state`` (a list for JSON)."""
    if not again and state == _read(folder).get(name):
        return
    verified.once((str(folder), name, *state), check, again)
    record = json.dumps(_read(folder) | {name: state}, indent=1)
    try:
        write_whole(folder / _RECORD, lambda part: part.write_text(record))
    except OSError:
        pass  # a folder that can only be read; the next process checks again


def _read(folder: Path) -> dict[str, list]:
    try:
        record = json.loads((folder / _RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
