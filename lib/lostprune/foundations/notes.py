"""How far a process is, in a small file: for others to show, a convenience that nobody waits for."""

from __future__ import annotations

import json
import os
from pathlib import Path

EVERY = 1.0  # seconds between notes


def write(path: Path, doing: str, done: int, total: int, seconds: float, **more: object) -> None:
    """Write what is being done, how much of it in how long, whole; a disk that is full is no reason to end."""
    content = {"doing": doing, "done": done, "total": total, "seconds": seconds, **more}
    try:
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_text(json.dumps(content))
        os.replace(part, path)
    except OSError:
        pass  # the next file that matters says so


def read(path: Path) -> dict | None:
    """What a note says: ``doing``, ``done`` of ``total``, ``seconds``, and what else was written; or ``None``."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def seconds_left(note: dict) -> float | None:
    """Of the work that the note is about, at its own pace; ``None`` before anything is done."""
    if not note["done"] or not note["total"]:
        return None
    return note["seconds"] * (note["total"] - note["done"]) / note["done"]
