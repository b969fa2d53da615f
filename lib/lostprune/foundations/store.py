"""Where finished work lies on disk: whole files only, each written to a temporary name, synced and renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import safetensors.torch
import torch
from filelock import FileLock, Timeout

from . import verified

FORMAT = 1


class DamagedFile(RuntimeError):
    """A file of the store is not what was written there."""


class Claimed(RuntimeError):
    """Another process is at this work."""


def store_folder(store: str | os.PathLike | None = None) -> Path:
    """The folder of checkpoints and results: ``store``, else ``LOSTPRUNE_STORE``, else the user's data folder.

    Raises:
        PermissionError, NotADirectoryError: it cannot be written; nothing has been computed.
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


def published_folders() -> list[Path]:
    """Folders with results that are read where the store has none, as ``LOSTPRUNE_RESULTS`` lists them."""
    return [Path(folder).expanduser() for folder in os.environ.get("LOSTPRUNE_RESULTS", "").split(os.pathsep) if folder]


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then sync it and rename it to ``path``.

    A reader of ``path`` sees the old file, or none, or the whole new one; several writers never mix.

    Raises:
        OSError: of the file system; for a full disk the message says what to do. No temporary file is left.
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


def lock_file(folder: Path, work: str) -> Path:
    """What a process holds while it does a piece of work in the store ``folder``; see :func:`claim`."""
    return folder / "locks" / f"{work}.lock"


@contextlib.contextmanager
def claim(lock_file: Path, wait: bool = True) -> Iterator[None]:
    """Keep other processes from the same work, until this block or this process ends.

    It saves work; files are safe without it. Where the file system knows no locks, work may be done twice.

    Args:
        lock_file: names the work; its folder is made.
        wait: for the process that has it; else :class:`Claimed` is raised.
    """
    lock = FileLock(lock_file, mode=0o666)  # several users may share a store
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout as error:
        raise Claimed(f"{lock_file.stem}: another process works on it") from error
    except (OSError, NotImplementedError):
        pass  # no locks here; or the disk is full, which the next write reports
    try:
        yield
    finally:
        lock.release()


def save_checkpoint(path: Path, tensors: dict[str, torch.Tensor], facts: dict) -> None:
    """Write ``path``.safetensors, then ``path``.json with the facts and the checksum: the checkpoint exists from then.

    A checkpoint that is there and whole stays as it is: of two writers of the same one, the first is kept.

    Args:
        path: a path without suffix.
        tensors: tensors by name; they are moved to the CPU. Those that share memory become tensors of their own.
        facts: JSON-serialisable.
    """
    content = safetensors.torch.save(_apart(tensors))
    manifest = facts | {"format": FORMAT, "sha256": hashlib.sha256(content).hexdigest()}
    place_checkpoint(path, content, json.dumps(manifest, indent=1).encode())


def _apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """On the CPU and without shared memory (such as that of tied weights), which safetensors refuses."""
    apart, memories = {}, set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        memory = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if memory in memories else tensor
        memories.add(memory)
    return apart


def place_checkpoint(path: Path, content: bytes, manifest: bytes) -> bool:
    """Write the two files of a checkpoint, tensors first; ``False`` if it is there and whole, and nothing is written.

    The files of two writers never mix: one waits for the other.
    """
    with writing(path):
        if is_whole(path):
            return False
        path.with_suffix(".json").unlink(missing_ok=True)  # of a damaged one: it must not name the new tensors
        write_whole(path.with_suffix(".safetensors"), lambda part: part.write_bytes(content))
        write_whole(path.with_suffix(".json"), lambda part: part.write_bytes(manifest))
        return True


def writing(path: Path) -> contextlib.AbstractContextManager[None]:
    """Held while the files of a checkpoint in the folder of ``path`` are written or moved; see :func:`claim`."""
    return claim(path.parent / ".writing.lock")


def is_whole(path: Path) -> bool:
    """Whether the checkpoint ``path`` is there and as it was written; read once per process while unchanged.

    Raises:
        OSError: it is there and cannot be read, which says nothing of what it holds.
    """
    try:
        state = verified.state_of(path.with_suffix(".json"), path.with_suffix(".safetensors"))
        verified.once(state, lambda: load_checkpoint(path))
    except (FileNotFoundError, NotADirectoryError, DamagedFile):
        return False
    return True


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
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:  # not of the disk: that may pass
        raise DamagedFile(f"checkpoint {path}: {type(error).__name__}: {error}") from error
    if manifest.get("format") != FORMAT:
        raise DamagedFile(f"checkpoint {path}: got format {manifest.get('format')!r}, expected {FORMAT}")
    got = hashlib.sha256(content).hexdigest()
    if got != written:
        raise DamagedFile(f"checkpoint {path}: got SHA-256 {got[:12]}…, expected {written[:12]}… as its manifest says")
    return safetensors.torch.load(content), manifest
