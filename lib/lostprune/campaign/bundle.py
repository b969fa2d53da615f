"""Export and import: a store, or a part of it, as one tar file, so that it can go where no network does."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import results
from ..foundations import store
from ..prune_retrain.checkpoints import COMMITTED
from ..study import Study

log = logging.getLogger("lostprune")
# What a store holds that is worth moving; nothing else is packed, and nothing else is taken in.
MEMBER = re.compile(r"(checkpoints|results)(/\w[\w.+ -]*){2,3}")


class BundleError(RuntimeError):
    """A bundle cannot be taken in; the message names what is wrong with it."""


def export_store(folder: Path, target: Path, studies: list[Study], networks: bool) -> str:
    """Pack a store into the tar file ``target``, whole or not at all; returns what was packed, in words.

    Args:
        folder: the store.
        target: path of the bundle; an existing file is replaced.
        studies: export only their files; none means all.
        networks: whether checkpoints are packed, not results alone.

    Raises:
        OSError: of the file system.
    """
    if target.is_dir():
        raise IsADirectoryError(f"bundle: got the folder {target}, expected a file such as {target / 'bundle.tar'}")
    files = list(_files(folder, studies, networks))

    def pack(part: Path) -> None:
        with tarfile.open(part, "w") as archive:
            for file in files:
                archive.add(file, _name_in_bundle(file, folder))

    store.write_whole(target, pack)
    return f"exported {len(files)} files ({target.stat().st_size / 2**20:.1f} MiB) to {target}"


def import_store(source: Path, folder: Path) -> str:
    """Take a bundle in; returns what was taken in, in words. What the store already has whole is left as it is.

    Raises:
        BundleError: it is not a tar file, a checkpoint in it is damaged, or it holds files that are not a store's.
            All of it is checked first; nothing has been written then.
        OSError: of the file system; for a full disk, what was written before it is whole.
    """
    new = 0
    try:
        with tarfile.open(source, "r:") as archive:
            members = {member.name: member for member in archive.getmembers()}
            read = {name: lambda member=member: archive.extractfile(member).read() for name, member in members.items()}
            pairs = {name: str(Path(name).with_suffix(".safetensors")) for name in members if name.endswith(".json")}
            _check(source, members, read, pairs)
            begun = {_repetition_of(path) for path in (folder / "checkpoints").glob("*/*.json")}
            for name, tensors in pairs.items():
                ours = COMMITTED / Path(name).relative_to("checkpoints").with_suffix("")
                if store.is_whole(ours) and _repetition_of(Path(name)) in begun:
                    log.info("%s comes with the repository and has chains here: it stays, not that of the bundle", name)
                    continue
                new += store.place_checkpoint((folder / name).with_suffix(""), read[tensors](), read[name]())
            others = members.keys() - pairs.keys() - set(pairs.values())
            for name in sorted(name for name in others if not _is_whole(folder / name)):
                store.write_whole(folder / name, lambda part, name=name: part.write_bytes(read[name]()))
                new += 1
    except tarfile.TarError as error:
        raise BundleError(f"bundle {source}: {error}; export it again") from error
    count = len(pairs) + len(others)
    return f"imported {new} results and networks from {source}; {count - new} were here before"


def _repetition_of(path: Path) -> tuple[str, str]:
    """What networks of one parent share: the study's key, and the repetition, such as ``r0``."""
    return path.parent.name, re.search(r"-(r\d+)", path.stem)[1]


def _is_whole(path: Path) -> bool:
    """Whether a file that is no checkpoint is there, and can be read if it is a result."""
    if path.suffix != ".nc":
        return path.exists()
    try:
        results.attributes_of(path)
    except (OSError, RuntimeError, ValueError):
        return False
    return True


def _check(
    source: Path, members: dict[str, tarfile.TarInfo], read: dict[str, Callable[[], bytes]], pairs: dict[str, str]
) -> None:
    for name, member in members.items():
        alone = name.endswith(".safetensors") and name not in pairs.values()
        if alone or not member.isfile() or not MEMBER.fullmatch(name):
            raise BundleError(f"bundle {source}: got {name!r}, expected files of a store; nothing was taken in")
    for name, tensors in pairs.items():
        try:
            whole = json.loads(read[name]())["sha256"] == hashlib.sha256(read[tensors]()).hexdigest()
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise BundleError(f"bundle {source}: {name} is damaged; export it again; nothing was taken in")


def _committed(folder: Path) -> Iterator[Path]:
    """The files of unpruned networks that come with the repository and that chains of the store begin with."""
    for key in sorted(path.name for path in (folder / "checkpoints").glob("*")):
        for path in sorted((COMMITTED / key).glob("*")):
            if not (folder / "checkpoints" / key / path.with_suffix(".json").name).exists():
                yield path


def _name_in_bundle(file: Path, folder: Path) -> str:
    inside = file.relative_to(folder) if file.is_relative_to(folder) else "checkpoints" / file.relative_to(COMMITTED)
    return inside.as_posix()


def _files(folder: Path, studies: list[Study], networks: bool) -> Iterator[Path]:
    """Results first, then checkpoints that are whole, with their notes."""
    keys, training_keys = {study.key for study in studies}, {study.training_key for study in studies}
    for path in sorted((folder / "results").glob("*/*/*.nc")):
        if not keys or path.parents[1].name in keys:
            yield path
    if not networks:
        return
    for path in [*sorted((folder / "checkpoints").glob("*/*")), *_committed(folder)]:
        if training_keys and path.parent.name not in training_keys:
            continue
        if path.suffix == ".unreachable" or (path.suffix == ".json" and store.is_whole(path.with_suffix(""))):
            yield path
        if path.suffix == ".json" and store.is_whole(path.with_suffix("")):
            yield path.with_suffix(".safetensors")
