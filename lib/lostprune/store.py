"""Where finished work lies on disk: whole files only, each written to a temporary name, synced and renamed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import platformdirs
import safetensors.torch
import torch

FORMAT = 1


class DamagedFile(RuntimeError):
    """A file of the store is not what was written there."""


def store_folder(store: str | os.PathLike | None = None) -> Path:
    """The folder of checkpoints and results: ``store``, else ``LOSTPRUNE_STORE``, else the user's data folder.

    Raises:
        PermissionError, NotADirectoryError: it cannot be written; nothing has been computed then.
    """
    folder = Path(store or os.environ.get("LOSTPRUNE_STORE") or platformdirs.user_data_path("lostprune")).expanduser()
    folder = folder.resolve()
    probe = folder / f".probe-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise type(error)(
            error.errno,
            f"store: cannot write to {folder} ({error.strerror}); "
            "set LOSTPRUNE_STORE, or pass store=, to a folder you can write to",
        ) from error
    return folder


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then sync it and rename it to ``path``.

    Whoever looks at ``path`` sees the old file, or none, or the whole new one; several writers never mix.

    Raises:
        OSError: of the file system; for a full disk the message says how to go on. No temporary file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        write(part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OSError(
                errno.ENOSPC,
                f"no space left to write {path}; everything finished before is kept: "
                "free some space, or set LOSTPRUNE_STORE to a larger disk, and run the same again",
            ) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system lets folders be synced."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def save_checkpoint(path: Path, tensors: dict[str, torch.Tensor], facts: dict) -> None:
    """Write ``path``.safetensors, then ``path``.json with the facts and the checksum: the checkpoint exists from then.

    Args:
        path: without suffix.
        tensors: by name; moved to the CPU.
        facts: JSON-serialisable.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = safetensors.torch.save(plain)
    manifest = facts | {"format": FORMAT, "sha256": hashlib.sha256(content).hexdigest()}
    write_whole(path.with_suffix(".safetensors"), lambda part: part.write_bytes(content))
    write_whole(path.with_suffix(".json"), lambda part: part.write_text(json.dumps(manifest, indent=1)))


def load_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], dict] | None:
    """The tensors (on the CPU) and facts of a checkpoint; ``None`` where there is none.

    Raises:
        DamagedFile: it is there but not as it was written.
    """
    manifest_path, tensors_path = path.with_suffix(".json"), path.with_suffix(".safetensors")
    if not manifest_path.exists():
        return None
    try:
        manifest = json.loads(manifest_path.read_text())
        content = tensors_path.read_bytes()
        written = manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFile(f"checkpoint {path}: {type(error).__name__}: {error}") from error
    if manifest.get("format") != FORMAT:
        raise DamagedFile(f"checkpoint {path}: got format {manifest.get('format')!r}, expected {FORMAT}")
    got = hashlib.sha256(content).hexdigest()
    if got != written:
        raise DamagedFile(f"checkpoint {path}: got SHA-256 {got[:12]}…, expected {written[:12]}… as its manifest says")
    return safetensors.torch.load(content), manifest
