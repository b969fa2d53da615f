"""Export and import: what was made, packed into files below a size, so that it can go where no network does.

A bundle is a folder: ``manifest.json``, and ``part-001.bin`` and so on, which are pieces of one long row of bytes.
Every file of the store stands in that row compressed (zlib); the manifest has its place and its SHA-256, and those of
the parts.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..foundations import store
from ..study import Study

FORMAT = 1
# What a store holds that is worth moving; nothing else is packed, and nothing else is taken in.
MEMBER = re.compile(r"(checkpoints|results|pieces)(/[A-Za-z0-9][A-Za-z0-9._+-]*){2,}")


class BundleError(RuntimeError):
    """A bundle cannot be made or taken in; the message names what is wrong with it."""


def export_store(
    folder: Path, target: Path, studies: list[Study], max_size: int, max_files: int | None, networks: bool
) -> str:
    """Pack a store; returns what was packed, in words.

    Results come first, then the networks, parents before chains and every chain in the order of its cycles. What
    does not fit into ``max_files`` is left out and counted in what is returned.

    Args:
        folder: the store.
        target: a folder; its bundle, if it has one, is replaced.
        studies: whose files; none means all.
        max_size: of a file, in bytes.
        max_files: of the bundle, the manifest among them; ``None`` for as many as it takes.
        networks: whether checkpoints are packed, not results alone.

    Raises:
        BundleError: the limits leave no room for anything.
        OSError: of the file system.
    """
    target.mkdir(parents=True, exist_ok=True)
    for old in [target / "manifest.json", *target.glob("part-*.bin")]:
        old.unlink(missing_ok=True)
    room = math.inf if max_files is None else (max_files - 1) * max_size
    row, members, left_out, offset = _Parts(target, max_size), [], 0, 0
    for group in _groups(folder, studies, networks):
        contents = {name: (folder / name).read_bytes() for name in group}
        packed = {name: zlib.compress(content, 1) for name, content in contents.items()}
        if left_out or offset + sum(map(len, packed.values())) > room:
            left_out += 1
            continue
        for name, content in packed.items():
            row.write(content)
            digest = hashlib.sha256(contents[name]).hexdigest()
            members.append({"name": name, "offset": offset, "size": len(content), "sha256": digest})
            offset += len(content)
    manifest = {"format": FORMAT, "parts": row.close(), "members": members}
    text = json.dumps(manifest, indent=0).encode()
    if len(text) > max_size or (left_out and not members):
        row.remove()
        raise BundleError(f"--max-size {max_size}, --max-files {max_files}: too small for what there is to export")
    store.write_whole(target / "manifest.json", lambda part: part.write_bytes(text))
    told = f"exported {len(members)} files ({offset / 2**20:.1f} MiB) in {len(manifest['parts'])} parts to {target}"
    return told + (f"; {left_out} results or networks did not fit and were left out" if left_out else "")


def import_store(source: Path, folder: Path) -> str:
    """Take a bundle in; returns what was taken in, in words. What the store already has is left as it is.

    Raises:
        BundleError: a part is missing or damaged, a member is not what the manifest says, or would lie outside the
            store. All of it is checked first; nothing has been written then.
        OSError: of the file system; for a full disk, what was written before it is whole.
    """
    manifest = _read_manifest(source)
    members = {member["name"]: member for member in manifest["members"]}
    _check_parts(source, manifest["parts"])
    row = _Row(source, manifest["parts"])
    for member in members.values():
        row.read(member)
    new = 0
    for name in members:
        path = folder / name
        if path.suffix == ".safetensors":
            continue  # comes with its manifest
        if path.suffix == ".json" and str(Path(name).with_suffix(".safetensors")) in members:
            tensors = row.read(members[str(Path(name).with_suffix(".safetensors"))])
            new += store.place_checkpoint(path.with_suffix(""), tensors, row.read(members[name]))
        elif not path.exists():
            store.write_whole(path, lambda part, name=name: part.write_bytes(row.read(members[name])))
            new += 1
    found = sum(not name.endswith(".safetensors") for name in members)
    return f"imported {new} results and networks from {source}; {found - new} were here before"


def _groups(folder: Path, studies: list[Study], networks: bool) -> Iterator[list[str]]:
    """Names of files that belong together, in the order of their worth."""
    keys = {study.key for study in studies}
    training_keys = {study.training_key for study in studies}
    for path in sorted((folder / "results").rglob("*.nc")):
        name = path.relative_to(folder)
        if MEMBER.fullmatch(name.as_posix()) and (not keys or name.parts[1] in keys):
            yield [name.as_posix()]
    if not networks:
        return
    for path in sorted((folder / "pieces").rglob("*.json")):  # of evaluations that are not finished
        name = path.relative_to(folder)
        if store.is_whole(path.with_suffix("")) and (not keys or name.parts[1] in keys):
            yield [name.with_suffix(".safetensors").as_posix(), name.as_posix()]
    files = [*(folder / "checkpoints").glob("*/*.json"), *(folder / "checkpoints").glob("*/*.unreachable")]
    for path in sorted(files, key=lambda file: (file.parent.name, not file.name.startswith("parent"), file.name)):
        if training_keys and path.parent.name not in training_keys:
            continue
        name = path.relative_to(folder)
        if path.suffix == ".unreachable":
            yield [name.as_posix()]
        elif store.is_whole(path.with_suffix("")):
            yield [name.with_suffix(".safetensors").as_posix(), name.as_posix()]


class _Parts:
    """A row of bytes, written into files of at most ``size`` bytes."""

    def __init__(self, folder: Path, size: int):
        self.folder, self.size, self.pending, self.parts = folder, size, bytearray(), []

    def write(self, content: bytes) -> None:
        self.pending += content
        while len(self.pending) >= self.size:
            self._put(bytes(self.pending[: self.size]))
            del self.pending[: self.size]

    def close(self) -> list[dict]:
        if self.pending:
            self._put(bytes(self.pending))
        return self.parts

    def remove(self) -> None:
        for part in self.parts:
            (self.folder / part["name"]).unlink()

    def _put(self, content: bytes) -> None:
        name = f"part-{len(self.parts) + 1:03d}.bin"
        store.write_whole(self.folder / name, lambda part: part.write_bytes(content))
        self.parts.append({"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})


class _Row:
    """The row of bytes again, read where it is asked for."""

    def __init__(self, folder: Path, parts: list[dict]):
        self.files, end = [], 0
        for part in parts:
            self.files.append((end, end + part["size"], folder / part["name"]))
            end += part["size"]

    def read(self, member: dict) -> bytes:
        """A member's content; raises BundleError unless it is what the manifest says."""
        begin, end, packed = member["offset"], member["offset"] + member["size"], b""
        for first, last, file in self.files:
            if first < end and begin < last:
                with open(file, "rb") as opened:
                    opened.seek(max(begin - first, 0))
                    packed += opened.read(min(end, last) - max(begin, first))
        try:
            content = zlib.decompress(packed)
        except zlib.error as error:
            raise BundleError(f"bundle: {member['name']} is damaged ({error}); export it again") from error
        if hashlib.sha256(content).hexdigest() != member["sha256"]:
            raise BundleError(f"bundle: {member['name']} is not what its manifest says; export it again")
        return content


def _read_manifest(source: Path) -> dict:
    path = source / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
        if manifest["format"] != FORMAT:
            raise BundleError(f"bundle: {path} has format {manifest['format']!r}, expected {FORMAT}")
        for member in manifest["members"]:
            name, place = member["name"], (member["offset"], member["size"])
            if not MEMBER.fullmatch(name) or not all(type(number) is int and number >= 0 for number in place):
                raise BundleError(f"bundle: got a member {name!r}, expected files of a store; nothing was taken in")
            str.encode(member["sha256"])
        for part in manifest["parts"]:
            if not re.fullmatch(r"part-\d+\.bin", part["name"]):
                raise BundleError(f"bundle: got a part {part['name']!r}, expected part-001.bin and so on")
            str.encode(part["sha256"]), int(part["size"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"bundle: {path} is damaged ({type(error).__name__}: {error}); export it again") from error
    return manifest


def _check_parts(source: Path, parts: list[dict]) -> None:
    wrong = []
    for part in parts:
        path = source / part["name"]
        size = os.path.getsize(path) if path.is_file() else None
        if size is None:
            wrong.append(f"{part['name']} is missing")
        elif size != part["size"]:
            wrong.append(f"{part['name']} has {size:,} bytes, expected {part['size']:,}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != part["sha256"]:
            wrong.append(f"{part['name']} is damaged")
    if wrong:
        raise BundleError(f"bundle {source}: {'; '.join(wrong)}. Copy these parts again; nothing was taken in")
