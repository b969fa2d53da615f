"""A folder of the user's own with a folder of images for each class."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from .pictures import eight_bits

if TYPE_CHECKING:  # it takes seconds to import
    from torchvision.datasets import ImageFolder

_READ = 64  # files whose bytes tell a folder from others


def read(name: str, path: Path, classes: Sequence[str] | None) -> tuple[ImageFolder, torch.Tensor]:
    """The images of a folder and their labels; with ``classes`` given, these follow their order, not the alphabet's.

    Raises:
        FileNotFoundError: no such folder, or no image in it or in the folder of a class.
        ValueError: a folder is no class.
    """
    from torchvision.datasets import ImageFolder

    if not path.is_dir():
        raise FileNotFoundError(f"{name}: got {path}, expected a folder that exists")
    try:
        found = ImageFolder(str(path), loader=_open, allow_empty=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{name}: {path} holds no folders, expected one for each class with its images inside"
        ) from error
    if not found.samples:
        raise FileNotFoundError(f"{name}: the folders of {path} hold no image")
    counts = np.bincount(found.targets, minlength=len(found.classes))
    if not counts.all():
        empty = path / found.classes[int(counts.argmin())]
        raise FileNotFoundError(f"{name}: {empty} holds no image; put those of its class there, or remove the folder")
    places = range(len(found.classes))
    if classes is not None:
        if unknown := [folder for folder in found.classes if folder not in classes]:
            raise ValueError(f"{name}: got the folder {path / unknown[0]}, expected names among the classes {classes}")
        places = [list(classes).index(folder) for folder in found.classes]
        found.target_transform = places.__getitem__
    return found, torch.tensor([places[label] for label in found.targets])


def digest_of(folder: ImageFolder) -> str:
    """A SHA-256 of the names and sizes of all files, and of what is in some."""
    digest = hashlib.sha256()
    for path, _ in folder.samples:
        digest.update(b"%s %d\n" % (os.fsencode(os.path.relpath(path, folder.root)), os.path.getsize(path)))
    for place in np.linspace(0, len(folder.samples) - 1, _READ).astype(int):
        digest.update(Path(folder.samples[place][0]).read_bytes())
    return digest.hexdigest()


def _open(path: str) -> Image.Image:
    with Image.open(path) as picture:
        try:
            return eight_bits(picture).convert("RGB")
        except ValueError as error:
            raise ValueError(f"{path}: got {error}") from error
