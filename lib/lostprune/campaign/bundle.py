"""Export and import: a store, or a part of it, as one tar file, so that it can go where no network does."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from ..foundations import store
from ..study import Study

# What a store holds that is worth moving; nothing else is packed, and nothing else is taken in.
MEMBER = re.compile(r"(checkpoints|results)(/[A-Za-z0-9][A-Za-z0-9._+-]*){2,3}")


class BundleError(RuntimeError):
    """A bundle cannot be taken in; the message names what is wrong with it."""


def export_store(folder: Path, target: Path, studies: list[Study], networks: bool) -> str:
    """Pack a store into the tar file ``target``, whole or not at all; returns what was packed, in words.

    Args:
        folder: the store.
        target: is replaced if it is there.
        studies: whose files; none means all.
        networks: whether checkpoints are packed, not results alone.

    Raises:
        OSError: of the file system.
    """
    files = list(_files(folder, studies, networks))

    def pack(part: Path) -> None:
        with tarfile.open(part, "w") as archive:
            for file in files:
                archive.add(file, file.relative_to(folder).as_posix())

    store.write_whole(target, pack)
    return f"exported {len(files)} files ({target.stat().st_size / 2**20:.1f} MiB) to {target}"


def import_store(source: Path, folder: Path) -> str:
    """Take a bundle in; returns what was taken in, in words. What the store already has is left as it is.

    Raises:
        BundleError: it is no tar file, or holds something else than files of a store; nothing has been written then.
        OSError: of the file system; for a full disk, what was written before it is whole.
    """
    try:
        with tarfile.open(source) as archive:
            members = archive.getmembers()
            for member in members:
                if not member.isfile() or not MEMBER.fullmatch(member.name) or ".." in member.name:
                    raise BundleError(
                        f"bundle {source}: got {member.name!r}, expected files of a store; nothing was taken in"
                    )
            new = [member for member in members if not (folder / member.name).exists()]
            # A checkpoint exists from its manifest on: tensors first.
            for member in sorted(new, key=lambda one: one.name.endswith(".json")):
                content = archive.extractfile(member).read()
                store.write_whole(folder / member.name, lambda part, content=content: part.write_bytes(content))
    except tarfile.TarError as error:
        raise BundleError(f"bundle {source}: {error}; export it again") from error
    return f"imported {len(new)} files from {source}; {len(members) - len(new)} were here before"


def _files(folder: Path, studies: list[Study], networks: bool) -> Iterator[Path]:
    """Results first, then checkpoints that are whole, with their notes."""
    keys, training_keys = {study.key for study in studies}, {study.training_key for study in studies}
    for path in sorted((folder / "results").glob("*/*/*.nc")):
        if not keys or path.parents[1].name in keys:
            yield path
    if not networks:
        return
    for path in sorted((folder / "checkpoints").glob("*/*")):
        if training_keys and path.parent.name not in training_keys:
            continue
        if path.suffix == ".unreachable" or (path.suffix == ".json" and store.is_whole(path.with_suffix(""))):
            yield path
        if path.suffix == ".json" and store.is_whole(path.with_suffix("")):
            yield path.with_suffix(".safetensors")
