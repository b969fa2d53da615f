"""The user's own images and labels, in any of several forms, as uint8 pixels and whole numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm.auto import tqdm

from . import class_folders
from .arrays import check, labels_of, pixels_of
from .split import Split

RESIDENT_BYTES = 2 << 30  # of one split; what is larger is read image by image


class Items(Sequence):
    """One part of the items ``(image, label)`` of a map-style data set, read when it is asked for.

    Images come as uint8 [c, h, w], labels as int64 scalars or [h, w].

    Attributes:
        digest: a SHA-256 that tells them from others.
    """

    digest: str

    def __init__(self, name: str, dataset: Sequence, part: int, last: list):
        self._name, self._dataset, self._part, self._last = name, dataset, part, last

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int | slice) -> torch.Tensor | list[torch.Tensor]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        if not self._last or self._last[0] != index:  # an image and its label are asked for one after the other
            self._last[:] = [index, _item(self._name, self._dataset, index)]
        return self._last[1][self._part]


def split_of(
    name: str,
    given: object,
    classes: Sequence[str] | None = None,
    channels: int | None = None,
    ignore: int | None = None,
) -> Split:
    """A split of whatever holds labelled images.

    Every image is read once and checked with its label; of a folder that is larger than memory only the list of files.

    Args:
        name: its name in messages.
        given: a :class:`Split`; a pair (images, labels) of arrays or tensors, of images [n, c, h, w], [n, h, w, c] or
            [n, h, w] with 1 or 3 channels; the path of a folder with a folder of images for each class; or a map-style
            ``torch.utils.data.Dataset`` (of torchvision's, for example) whose items are (image, label). Pixels are
            uint8, or floats in [0, 1]. A label is the class of an image, or a mask with the class of each pixel.
        classes: their names in the order of the network's outputs; for a folder the names of its folders.
        channels: how many the images have to have, if that is known.
        ignore: in masks, the label of pixels that count nowhere; ``None``: the classes in masks are not checked.

    Raises:
        TypeError, ValueError: none of these, or with something wrong in it; says what and where.
        FileNotFoundError: no such folder, or no image in it.
    """
    known = None
    if isinstance(given, Split):
        classes = given.classes if classes is None else classes
        if all(isinstance(part, torch.Tensor) for part in (given.images, given.labels)):
            given = (given.images, given.labels)
        elif isinstance(given.images, np.ndarray):
            given = (given.images, given.labels)
        elif any(isinstance(part, list | tuple | np.ndarray) for part in (given.images, given.labels)):
            given = list(zip(given.images, given.labels, strict=True))  # a reader's own, which nobody has checked
        else:
            return given._replace(classes=tuple(classes))
    elif isinstance(given, str | os.PathLike):
        given, known = class_folders.read(name, Path(given), classes)
    classes = classes or getattr(given, "classes", None)
    if isinstance(given, tuple) and len(given) == 2:
        images, labels = pixels_of(name, given[0], dims=4), labels_of(name, given[1])
        if len(images) != len(labels):
            raise ValueError(f"{name}: got {len(images)} images and {len(labels)} labels, expected as many")
    elif hasattr(given, "__getitem__") and hasattr(given, "__len__"):
        images, labels = _read(name, given, known, None if classes is None else len(classes), ignore)
    else:
        raise TypeError(
            f"{name}: got a {type(given).__name__}, expected a pair (images, labels) of arrays, the path of a folder "
            "with a folder for each class, or a data set with __len__ and __getitem__; an iterable one has to be "
            "turned into a list of (image, label)"
        )
    if not len(images):
        raise ValueError(f"{name}: got no image, expected at least one")
    if channels not in (None, len(images[0])):
        raise ValueError(f"{name}: got images with {len(images[0])} channels, expected {channels} as in the others")
    if classes is None and not isinstance(labels, torch.Tensor):
        raise ValueError(f"{name}: got no names of classes, expected classes=(…) in the order of the network's outputs")
    if classes is None:
        counted = labels[labels != ignore] if labels.dim() > 1 else labels
        classes = range(int(counted.max()) + 1)
    classes = tuple(map(str, classes))
    if isinstance(labels, torch.Tensor):
        check(name, images, labels, len(classes), ignore)
    return Split(images, labels, classes)


def _read(
    name: str, dataset: Sequence, known: torch.Tensor | None, classes: int | None, ignore: int | None
) -> tuple[torch.Tensor | Items, torch.Tensor | Items]:
    """In memory where all images are of one size and fit; else as sequences, with one tensor of the images' classes.

    Args:
        known: labels that are known without reading the images.
    """
    last: list = []
    images, labels = (Items(name, dataset, part, last) for part in (0, 1))
    count = len(images)
    if not count:
        return images, labels
    first, masks = images[0], labels[0].dim() > 0
    fits = count * first.numel() <= RESIDENT_BYTES
    if known is not None and not fits:
        images.digest = class_folders.digest_of(dataset)
        return images, known
    resident = torch.empty(count, *first.shape, dtype=torch.uint8) if fits else None
    digests, found = (hashlib.sha256(), hashlib.sha256()), []
    for index in tqdm(range(count), f"{name}: reading", leave=False, delay=10):
        image, label = images[index], labels[index]
        if len(image) != len(first):
            raise ValueError(
                f"{name}, image {index}: got {len(image)} channels and {len(first)} in image 0, expected as many"
            )
        if (label.dim() > 0) != masks:
            raise ValueError(f"{name}: got masks for some images and one class for others, such as image {index}")
        check(name, image[None], label[None], classes, ignore, first=index)
        for digest, item in zip(digests, (image, label), strict=True):
            digest.update(str(tuple(item.shape)).encode() + item.numpy().tobytes())
        if image.shape != first.shape:
            resident = None
        if resident is not None:
            resident[index] = image
        if resident is not None or not masks:
            found.append(label)
    images.digest, labels.digest = (digest.hexdigest() for digest in digests)
    if resident is not None:
        return resident, torch.stack(found)
    return images, labels if masks else torch.stack(found)


def _item(name: str, dataset: Sequence, index: int) -> tuple[torch.Tensor, torch.Tensor]:
    where = f"{name}, image {index}"
    try:
        item = dataset[index]
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # what PIL raises for damaged files
        file = getattr(dataset, "samples", {index: ("",)})[index][0]
        raise ValueError(f"{where}: {file or 'it'} cannot be read ({error}); repair or remove it") from error
    if not isinstance(item, tuple | list) or len(item) < 2:
        raise TypeError(f"{where}: got a {type(item).__name__}, expected a pair (image, label)")
    return pixels_of(where, item[0], dims=3), labels_of(where, item[1])
