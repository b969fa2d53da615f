"""The kept copy of a data set: uint8 arrays in .npy files, checked, and mapped into memory instead of read."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from pathlib import Path

import numpy as np

from ..foundations import verified
from ..foundations.store import write_whole
from .datasets import Dataset, Part

log = logging.getLogger("lostprune")


def read_kept(folder: Path, dataset: Dataset, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Images uint8 [n, 3, h, w] and labels uint8 [n] of a split; ``None`` where they are not, or not right.

    Both are mapped copy-on-write: writing to them changes nothing on disk. A file is checked by its content once
    per process, and again when its size or time of change differ.
    """
    paths = _paths(folder, split)
    if not all(path.exists() for path in paths):
        return None
    state = verified.state_of(*paths)
    if verified.is_known_to_be_wrong(state):
        return None  # the log says so already

    def check() -> None:
        part = _recorded(folder, split, dataset.parts[split])
        check_arrays(*_mapped(paths), part, dataset.image_shape)

    try:
        verified.once(state, check)
        return _mapped(paths)
    except (OSError, ValueError, EOFError) as error:
        log.warning("%s: the kept %s arrays are damaged (%s) and will be replaced", folder, split, error)
        return None


def _mapped(paths: tuple[Path, Path]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = (np.load(path, mmap_mode="c") for path in paths)
    return images, labels


def keep(folder: Path, split: str, part: Part, images: np.ndarray, labels: np.ndarray) -> None:
    """Write what :func:`read_kept` reads; each file whole or not at all. Raises OSError of the file system."""
    if part.images_sha256 is None:
        write_whole(_record(folder, split), lambda record: record.write_text(_sha256(images)))

    def write(path: Path, array: np.ndarray) -> None:
        with open(path, "wb") as file:  # np.save would append .npy to the temporary name
            np.save(file, array)

    for path, array in zip(_paths(folder, split), (images, labels), strict=True):
        write_whole(path, lambda part, array=array: write(part, array))


def check_arrays(images: np.ndarray, labels: np.ndarray, part: Part, image_shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless these are the images and the labels that the table of data sets describes.

    Where the table has no digest of the images, the digest of the file that they were read from has to do.
    """
    expected = ((part.count, *image_shape), part.images_sha256), ((part.count,), part.labels_sha256)
    for array, (shape, sha256) in zip((images, labels), expected, strict=True):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(f"got {array.dtype} {list(array.shape)}, expected uint8 {list(shape)}")
        if sha256 is not None and (digest := _sha256(array)) != sha256:
            raise ValueError(f"got SHA-256 {digest[:12]}… of {list(shape)}, expected {sha256[:12]}…")


def _recorded(folder: Path, split: str, part: Part) -> Part:
    """The part with the digest that :func:`keep` wrote down, if the table has none."""
    if part.images_sha256 is not None:
        return part
    return dataclasses.replace(part, images_sha256=_record(folder, split).read_text())


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def _record(folder: Path, split: str) -> Path:
    return folder / f"{split}_images.sha256"


def _paths(folder: Path, split: str) -> tuple[Path, Path]:
    return folder / f"{split}_images.npy", folder / f"{split}_labels.npy"
