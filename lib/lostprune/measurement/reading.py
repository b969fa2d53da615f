"""How ranges of test images are read: from an array, or from image files, each brought to the size of the networks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from .. import data
from ..data import Split
from ..tasks import Segmentation

if TYPE_CHECKING:  # it takes seconds to import
    from torchvision.transforms import v2

Read = Callable[[int, int], torch.Tensor]  # first, count -> uint8 [count, 3, h, w]


def images_of(split: Split, dataset: data.Dataset, size: int | tuple[int, int]) -> Read:
    """Reads the images of a split as networks are tested on them.

    Args:
        dataset: the data set, whose facts say what a test image is.
        size: pixels on each side, or height and width.
    """
    if isinstance(split.images, torch.Tensor):
        return lambda first, count: split.images[first : first + count]
    alone = split._replace(labels=torch.zeros(len(split.labels)))  # masks are not read with them
    return lambda first, count: data.tested(_range(alone, first, count), dataset, size).images


def labels_of(split: Split, dataset: data.Dataset, size: int | tuple[int, int]) -> torch.Tensor | Masks:
    """The labels of a split: int64 [n], or masks that are read by ranges."""
    if isinstance(split.labels, torch.Tensor):
        return split.labels
    if not isinstance(dataset.task, Segmentation):
        return torch.stack([torch.as_tensor(label) for label in split.labels])
    return Masks(split.labels, data.test_view(dataset, size))


class Masks:
    """Masks of many sizes, brought to that of the networks.

    ``masks[first:last]`` is int64 [count, size, size], and ``masks[place]`` one of them.
    """

    def __init__(self, masks: Sequence[torch.Tensor], view: v2.Transform):
        self._masks, self._view = masks, view

    def __len__(self) -> int:
        return len(self._masks)

    def __getitem__(self, places: int | slice) -> torch.Tensor:
        if not isinstance(places, slice):
            return self._at(range(len(self))[places])
        return torch.stack([self._at(place) for place in range(len(self))[places]])

    def _at(self, place: int) -> torch.Tensor:
        mask = self._masks[place]
        return data.viewed(self._view, torch.zeros(3, *mask.shape, dtype=torch.uint8), mask)[1]


def corrupted_first(
    split: Split, dataset: data.Dataset, size: int | tuple[int, int], corrupt: Callable[[torch.Tensor], torch.Tensor]
) -> Read:
    """Reads images that are corrupted at their own sizes and then brought to that of the networks.

    Args:
        corrupt: corrupts an image uint8 [1, 3, h, w], given its place.
    """
    view = data.test_view(dataset, size)

    def read(first: int, count: int) -> torch.Tensor:
        return torch.stack(
            [view(corrupt(split.images[place][None], place)[0]) for place in range(first, first + count)]
        )

    return read


def content_digest(split: Split) -> str:
    """SHA-256 of arrays; of image files that of their names and sizes, which are read without decoding any."""
    digest = hashlib.sha256()
    for items in (split.images, split.labels):
        if isinstance(items, torch.Tensor):
            digest.update(items.numpy().tobytes())
        else:
            for place in range(len(items)):
                digest.update(data.identity(items, place))
    return digest.hexdigest()


def _range(split: Split, first: int, count: int) -> Split:
    return data.choose(split, torch.arange(first, first + count))
