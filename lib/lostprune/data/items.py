"""The user's own images and labels, in any of several forms, as uint8 pixels and whole numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from .split import Split

RESIDENT_BYTES = 2 << 30  # of one split; what is larger is read image by image
CHANNELS = (1, 3)


class Items(Sequence):
    """One part of the items ``(image, label)`` of a map-style data set, read when it is asked for.

    Images come as uint8 [c, h, w], labels as int64 scalars or [h, w].
    """

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


def split_of(name: str, given: object, classes: Sequence[str] | None = None, channels: int | None = None) -> Split:
    """A split of whatever holds labelled images.

    Args:
        name: its name in messages.
        given: a :class:`Split`; a pair (images, labels) of arrays or tensors, of images [n, c, h, w], [n, h, w, c] or
            [n, h, w] with 1 or 3 channels; the path of a folder with a folder of images for each class; or a map-style
            ``torch.utils.data.Dataset`` (of torchvision's, for example) whose items are (image, label). Pixels are
            uint8, or floats in [0, 1].
        classes: their names in the order of the network's outputs; for a folder the names of its folders.
        channels: how many the images have to have, if that is known.

    Raises:
        TypeError, ValueError: none of these, or with something wrong in it; says what and where.
        FileNotFoundError: no such folder, or no image in it.
    """
    if isinstance(given, Split):
        return given if classes is None else given._replace(classes=tuple(classes))
    if isinstance(given, str | os.PathLike):
        given = _folder(name, Path(given), classes)
        classes = classes or given.classes
    if isinstance(given, tuple) and len(given) == 2:
        images, labels = _pixels(name, given[0], dims=4), _labels(name, given[1])
        if len(images) != len(labels):
            raise ValueError(f"{name}: got {len(images)} images and {len(labels)} labels, expected as many")
    elif hasattr(given, "__getitem__") and hasattr(given, "__len__"):
        images, labels = _read(name, given)
        classes = classes or getattr(given, "classes", None)
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
    classes = tuple(map(str, classes if classes is not None else range(int(labels.max()) + 1)))
    if isinstance(labels, torch.Tensor) and labels.dim() == 1:
        check_labels(name, labels, len(classes))
    return Split(images, labels, classes)


def check_labels(name: str, labels: torch.Tensor, classes: int) -> None:
    """Raise ValueError unless every label is a class."""
    wrong = ((labels < 0) | (labels >= classes)).nonzero()
    if len(wrong):
        first = wrong[0].item()
        raise ValueError(
            f"{name}: got the label {labels[first].item()} of image {first}, expected 0 to {classes - 1} for "
            f"{classes} classes; labels count from 0"
        )


def _read(name: str, dataset: Sequence) -> tuple[torch.Tensor, torch.Tensor] | tuple[Items, Items]:
    """In memory where all images are of one size and fit; else as sequences."""
    last: list = []
    images, labels = (Items(name, dataset, part, last) for part in (0, 1))
    if not len(images) or len(images) * images[0].numel() > RESIDENT_BYTES:
        return images, labels
    first = images[0].shape, labels[0].shape
    resident = torch.empty(len(images), *first[0], dtype=torch.uint8)
    classes = []
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        if (image.shape, label.shape) != first:
            return images, labels
        resident[index] = image
        classes.append(label)
    return resident, torch.stack(classes)


def _item(name: str, dataset: Sequence, index: int) -> tuple[torch.Tensor, torch.Tensor]:
    where = f"{name}, image {index}"
    try:
        item = dataset[index]
    except (OSError, UnidentifiedImageError, SyntaxError) as error:  # what PIL raises for damaged files
        file = getattr(dataset, "samples", {index: ("",)})[index][0]
        raise ValueError(f"{where}: {file or 'it'} cannot be read ({error}); repair or remove it") from error
    if not isinstance(item, tuple | list) or len(item) < 2:
        raise TypeError(f"{where}: got a {type(item).__name__}, expected a pair (image, label)")
    return _pixels(where, item[0], dims=3), _labels(where, item[1])


def _pixels(name: str, given: object, dims: int) -> torch.Tensor:
    """uint8 [c, h, w] or, with ``dims`` 4, [n, c, h, w]."""
    if isinstance(given, Image.Image):
        given = np.asarray(given.convert("L" if given.mode in ("1", "L", "LA") else "RGB"))
    images = _tensor(given) if isinstance(given, torch.Tensor | np.ndarray) else None
    if images is None or images.dim() not in (dims - 1, dims):
        got = type(given).__name__ if images is None else f"the shape {list(images.shape)}"
        raise TypeError(f"{name}: got {got}, expected {'images' if dims == 4 else 'an image'} with 1 or 3 channels")
    if images.dim() == dims - 1:
        images = images.unsqueeze(-3)
    elif images.shape[-3] not in CHANNELS and images.shape[-1] in CHANNELS:
        images = images.movedim(-1, -3)
    if images.shape[-3] not in CHANNELS or 0 in images.shape[1:]:
        raise ValueError(f"{name}: got the shape {list(images.shape)}, expected 1 or 3 channels")
    if images.dtype == torch.uint8:
        return images.contiguous()
    if not images.is_floating_point():
        raise TypeError(f"{name}: got pixels of type {images.dtype}, expected uint8 or floats in [0, 1]")
    if images.numel() and not (images.amin() >= 0 and images.amax() <= 1):  # NaN, too
        raise ValueError(
            f"{name}: got pixels from {images.amin():.3g} to {images.amax():.3g}, expected uint8 or floats in [0, 1]; "
            "leave Normalize out of the data set's transform and pass mean= and std= instead"
        )
    return images.mul(255).round().to(torch.uint8).contiguous()


def _labels(name: str, given: object) -> torch.Tensor:
    """int64: a scalar, [n], [h, w] or [n, h, w]."""
    try:
        labels = _tensor(np.asarray(given) if isinstance(given, Image.Image) else given)
    except (RuntimeError, TypeError, ValueError) as error:  # by what torch makes of strings, None, ragged lists
        raise TypeError(f"{name}: got the label {given!r}, expected whole numbers, the indices of classes") from error
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name}: got labels of type {labels.dtype}, expected whole numbers, the indices of classes")
    return labels.long()


def _tensor(given: object) -> torch.Tensor:
    """Arrays that cannot be written to are copied: torch warns of them."""
    return torch.as_tensor(np.require(given, requirements=["C", "W"]) if isinstance(given, np.ndarray) else given)


def _folder(name: str, path: Path, classes: Sequence[str] | None) -> Sequence:
    """The images of a folder; with ``classes`` given, labels follow their order and not the alphabet's."""
    from torchvision.datasets import ImageFolder  # takes seconds to import

    if not path.is_dir():
        raise FileNotFoundError(f"{name}: got {path}, expected a folder that exists")
    try:
        found = ImageFolder(str(path), allow_empty=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{name}: {path} holds no folders, expected one for each class with its images inside"
        ) from error
    if not found.samples:
        raise FileNotFoundError(f"{name}: the folders of {path} hold no image")
    if classes is not None:
        if unknown := [folder for folder in found.classes if folder not in classes]:
            raise ValueError(f"{name}: got the folder {path / unknown[0]}, expected names among the classes {classes}")
        found.target_transform = lambda label: list(classes).index(found.classes[label])
    return found
