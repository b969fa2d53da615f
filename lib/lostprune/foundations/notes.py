"""How far a process is, in a small file: for others to show, a convenience that nobody waits for."""

from __future__ import annotations

import json
import os
from pathlib import Path

EVERY = 1.0  # seconds between notes


def write(path: Path, doing: str, done: int, total: int, seconds: float, skipped: int = 0, **more: object) -> None:
    """Write what is being done and how much of it in how long, whole; a disk that is full is no reason to end.

    Args:
        skipped: how many of those done took no time, since an earlier run did them.
    """
    content = {"doing": doing, "done": done, "skipped": skipped, "total": total, "seconds": seconds, **more}
    try:
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_text(json.dumps(content))
        os.replace(part, path)
    except OSError:
        pass  # the next file that matters says so


def read(path: Path) -> dict | None:
    """What a note says: the arguments of :func:`write`; or ``None``."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def seconds_left(note: dict) -> float | None:
    """Seconds left at the noted pace; ``None`` before a hundredth of the work is done.

    The first pieces wait for preparations, and would make it many times too long.
    """
    each = seconds_each(note)
    return None if each is None else each * (note["total"] - note["done"])


def seconds_each(note: dict) -> float | None:
    """Seconds for each of what is counted, at the noted pace; ``None`` as in :func:`seconds_left`."""
    done, left = note["done"] - note.get("skipped", 0), note["total"] - note["done"]
    return None if done <= 0 or done < 0.01 * (done + left) else note["seconds"] / done
