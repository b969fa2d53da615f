"""What a tree of image files holds, found from its own lists: a part of a data set is a smaller data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from .pictures import Files, Pictures
from .roots import Folder, ZipArchive


class Listing(NamedTuple):
    """One split of a data set of image files.

    Attributes:
        images: uint8 [3, h, w] each, read when they are taken.
        labels: int64 [n]; of segmentation a sequence of int64 [h, w], read when they are taken.
        classes: names, in the order of the labels.
        check: raises DamagedImage if the image of a position, or its label, is not right.
        digest: digest of all files.
    """

    images: Pictures
    labels: torch.Tensor | Sequence[torch.Tensor]
    classes: tuple[str, ...]
    check: Callable[[int], object]
    digest: str


def by_class(files: Files, labels: np.ndarray, classes: Sequence[str], border: int = 0) -> Listing:
    """The images in turns: the first of every class, then the second of every class, so that the first n are a mixture.

    Args:
        labels: int64 [n], positions in ``classes``.
        border: pixels to cut off each image on every side.
    """
    within = np.zeros(len(labels), np.int64)
    for label in range(len(classes)):
        (places,) = np.nonzero(labels == label)
        within[places] = np.arange(len(places))
    order = np.lexsort((labels, within))
    images = Pictures(files.only(order), border)
    return Listing(images, torch.from_numpy(labels[order]), tuple(classes), images.__getitem__, images.files.digest())


def folder_by_class(root: Folder | ZipArchive, folders: Mapping[str, str], border: int = 0) -> Listing:
    """As :func:`by_class`, of images in one folder for each class.

    Args:
        folders: the folders of each class, below ``root``.

    Raises:
        ValueError: there is no class, or one without an image.
    """
    if not folders:
        raise ValueError(f"{root.path}: got no folders, expected one for each class")
    names, labels = [], []
    for label, (name, folder) in enumerate(folders.items()):
        found = root.images(folder)
        if not found:
            raise ValueError(f"{root.path / folder}: got no images, expected the JPEG or PNG files of class {name}")
        names += found
        labels += [label] * len(found)
    return by_class(root.files(names), np.array(labels), list(folders), border)


def first_classes(listing: Listing, count: int) -> Listing:
    """The images of the first ``count`` classes alone.

    Raises:
        ValueError: there are not as many.
    """
    if not isinstance(listing.labels, torch.Tensor):
        raise ValueError(f"classes: got {count}, expected none to choose: every image has several")
    if not 2 <= count <= len(listing.classes):
        raise ValueError(f"classes: got {count}, expected a whole number from 2 to {len(listing.classes)}")
    chosen = np.flatnonzero(listing.labels.numpy() < count)
    images = Pictures(listing.images.files.only(chosen), listing.images.border)
    labels = listing.labels[torch.from_numpy(chosen)]
    return Listing(images, labels, listing.classes[:count], images.__getitem__, images.files.digest())


def check_same_classes(train: Sequence[str], test: Sequence[str]) -> None:
    """Raise ValueError, which names the first of them, unless training and test images have the same classes."""
    lacking = {"train": sorted(set(test) - set(train)), "test": sorted(set(train) - set(test))}
    named = [
        f"{split} lacks {', '.join(names[:5])}{', …' * (len(names) > 5)}" for split, names in lacking.items() if names
    ]
    if named:
        raise ValueError(f"got other classes in train than in test ({'; '.join(named)}), expected the same in both")
