"""Data sets of many files, in a folder or in the archive as it was downloaded: both are read the same way."""

from __future__ import annotations

import contextlib
import functools
import os
import struct
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..foundations.reasons import first_line
from ..foundations.store import write_whole
from .pictures import Files

SUFFIXES = (".jpeg", ".jpg", ".png")
_TEXT = "UTF-8 text"


@contextlib.contextmanager
def naming(path: Path, expected: str = "a whole archive") -> Iterator[None]:
    """Whatever is raised by a damaged file, and libraries raise many kinds, becomes a ValueError that names it."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{path}: got {first_line(error)}, expected {expected}") from error


class Folder:
    """A tree of files on disk."""

    def __init__(self, path: Path):
        self.path = path

    def text(self, name: str) -> str:
        """What a text file says. Raises FileNotFoundError, ValueError."""
        return text_of(self.path / name)

    def folders(self, name: str = "") -> tuple[str, ...]:
        """Names of the folders in a folder, in ascending order; none if it is not there."""
        place = self.path / name
        return tuple(sorted(entry.name for entry in place.iterdir() if entry.is_dir())) if place.is_dir() else ()

    def images(self, name: str) -> list[str]:
        """Paths of the images in a folder, in ascending order; none if it is not there."""
        place = self.path / name
        found = place.iterdir() if place.is_dir() else ()
        return sorted(f"{name}/{entry.name}" for entry in found if entry.name.lower().endswith(SUFFIXES))

    def files(self, names: Sequence[str]) -> Files:
        """Where the named files are. Raises FileNotFoundError."""
        states = [(self.path / name).stat() for name in names]
        sizes, times = [state.st_size for state in states], [state.st_mtime_ns for state in states]
        return Files(self.path, np.array([os.fsencode(name) for name in names]), np.array(sizes), np.array(times))


class ZipArchive:
    """A .zip file whose members lie below one folder, ``top``; the same questions as to :class:`Folder`."""

    def __init__(self, path: Path, top: str):
        self.path, self.top = path, top

    @functools.cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        with naming(self.path), zipfile.ZipFile(self.path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
        return {member.filename.removeprefix(f"{self.top}/"): member for member in members}

    @functools.cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        folders: dict[str, list[str]] = {}
        for name in self._members:
            folders.setdefault(name.rpartition("/")[0], []).append(name)
        return folders

    def text(self, name: str) -> str:
        member = self._member(name)
        with naming(self.path), zipfile.ZipFile(self.path) as archive:
            content = archive.read(member)
        with naming(self.path / name, _TEXT):
            return content.decode()

    def folders(self, name: str = "") -> tuple[str, ...]:
        inside = [folder.removeprefix(f"{name}/") for folder in self._by_folder if folder.startswith(f"{name}/")]
        return tuple(sorted({folder.partition("/")[0] for folder in inside}))

    def images(self, name: str) -> list[str]:
        return sorted(member for member in self._by_folder.get(name, ()) if member.lower().endswith(SUFFIXES))

    def files(self, names: Sequence[str]) -> Files:
        members = [self._member(name) for name in names]
        time = self.path.stat().st_mtime_ns
        starts = []
        with naming(self.path), open(self.path, "rb") as archive:
            for member in members:  # the bytes follow a header, whose last part is as long as it says
                archive.seek(member.header_offset + 26)
                starts.append(member.header_offset + 30 + sum(struct.unpack("<HH", archive.read(4))))
        return Files(
            self.path,
            np.array([os.fsencode(name) for name in names]),
            np.array([member.compress_size for member in members]),
            np.full(len(members), time),
            np.array(starts),
            np.array([member.compress_type == zipfile.ZIP_DEFLATED for member in members]),
        )

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise FileNotFoundError(f"{self.path}: got an archive without {self.top}/{name}, expected that file")
        return self._members[name]


def text_of(path: Path) -> str:
    """What a text file says. Raises FileNotFoundError, and ValueError, which names the file."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: got no such file, expected it with the images")
    with naming(path, _TEXT):
        return path.read_text("utf-8")


def first_repeated(names: Sequence[str]) -> str | None:
    """The first of a list's names that is there twice."""
    seen = set()
    return next((name for name in names if name in seen or seen.add(name)), None)


def tar_members(path: Path, index: Path) -> Files:
    """The images in an uncompressed .tar, and in the .tar files that are its members; nothing is unpacked.

    Where they lie is found once, which takes a minute for the training images of ILSVRC2012, and kept.

    Args:
        path: the archive.
        index: the .npz file to keep it in; made again if the archive has changed since.

    Raises:
        ValueError: it is not whole, or none.
    """
    state = path.stat()
    current = [state.st_size, state.st_mtime_ns]
    try:
        with np.load(index) as kept:
            if kept["archive"].tolist() == current:
                return Files(
                    path, kept["names"], kept["sizes"], np.full(len(kept["names"]), current[1]), kept["starts"]
                )
    except (OSError, ValueError, KeyError):
        pass  # none yet, or damaged
    names, sizes, starts = [], [], []
    with naming(path), open(path, "rb") as file:
        for name, start, size in _walk(file, 0):
            names.append(os.fsencode(name))
            sizes.append(size)
            starts.append(start)
    arrays = {"names": np.array(names), "sizes": np.array(sizes), "starts": np.array(starts)}

    def write(part: Path) -> None:
        with open(part, "wb") as file:
            np.savez(file, archive=np.array(current), **arrays)

    with contextlib.suppress(OSError):  # a folder that can only be read; the next process looks again
        index.parent.mkdir(parents=True, exist_ok=True)
        write_whole(index, write)
    return Files(path, arrays["names"], arrays["sizes"], np.full(len(names), current[1]), arrays["starts"])


def _walk(file, start: int):
    """Name, first byte and size of each image of the archive that begins at ``start``."""
    file.seek(start)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            archive.members.clear()  # tarfile remembers all of them, a million
            if member.isfile() and member.name.endswith(".tar"):
                inner = member.name.removesuffix(".tar")
                for name, first, size in _walk(file, member.offset_data):
                    yield f"{inner}/{name}", first, size
            elif member.isfile() and member.name.lower().endswith(SUFFIXES):
                yield member.name, member.offset_data, member.size
