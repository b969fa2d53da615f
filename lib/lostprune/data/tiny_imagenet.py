"""Tiny-ImageNet-200 in its official form: 200 of ImageNet's classes, images of 64 x 64 pixels.

Le and Yang, Tiny ImageNet Visual Recognition Challenge, CS 231N, 2015. The images of its test split have no labels, so
the validation split is the test set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .listing import Listing, by_class, folder_by_class
from .roots import Folder, ZipArchive, first_repeated

NAME = "tiny-imagenet-200"


def read(folder: Path, split: str) -> Listing | None:
    """The ``"train"`` or ``"test"`` images of the data folder; ``None`` if it holds neither the archive nor the tree.

    The classes are those of ``wnids.txt``, in its order: of a part of the tree, a part of the 200.

    Raises:
        ValueError, OSError, zipfile.BadZipFile: what lies there is not Tiny-ImageNet.
    """
    if (folder / NAME).is_dir():
        root = Folder(folder / NAME)
    elif (folder / f"{NAME}.zip").is_file():
        root = ZipArchive(folder / f"{NAME}.zip", NAME)
    else:
        return None
    classes = root.text("wnids.txt").split()
    if twice := first_repeated(classes):
        raise ValueError(f"{root.path / 'wnids.txt'}: got {twice} twice, expected each class once")
    if split == "train":
        return folder_by_class(root, {name: f"train/{name}/images" for name in classes})
    annotated = _annotated(root)
    names = root.images("val/images")
    _check(root.path, names, annotated, classes)
    labels = [classes.index(annotated[name.rpartition("/")[2]]) for name in names]
    return by_class(root.files(names), np.array(labels), classes)


def _annotated(root: Folder | ZipArchive) -> dict[str, str]:
    """The class of each validation image: its line has its name, its class, and a box in pixels."""
    path = root.path / "val/val_annotations.txt"
    found = {}
    for number, line in enumerate(root.text("val/val_annotations.txt").splitlines(), 1):
        if not line.strip():
            continue
        name, label, *_ = [*line.split(), "", ""]
        if not label or name in found:
            got = f"{name} twice" if label else repr(line)
            raise ValueError(f"{path}: got {got} in line {number}, expected a name and a class, each image once")
        found[name] = label
    return found


def _check(path: Path, names: list[str], annotated: dict[str, str], classes: list[str]) -> None:
    if not names:
        raise ValueError(f"{path / 'val/images'}: got no images, expected those of val_annotations.txt")
    there = {name.rpartition("/")[2] for name in names}
    for name in sorted(there ^ set(annotated)):
        lacks = "an image without a line" if name in there else "a line without an image"
        raise ValueError(f"{path / 'val/val_annotations.txt'}: got {lacks}, {name}; expected one line for each image")
    unknown = sorted(set(annotated.values()) - set(classes))
    if unknown:
        raise ValueError(f"{path / 'val/val_annotations.txt'}: got class {unknown[0]}, expected one of wnids.txt")
    absent = sorted(set(classes) - set(annotated.values()))
    if absent:
        raise ValueError(f"{path / 'val/val_annotations.txt'}: got no image of class {absent[0]} of wnids.txt")
