"""A split of a data set, and the paper's division of the training images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

VALIDATION_FRACTION = 10  # one image in ten


class Split(NamedTuple):
    """One split of a data set.

    Attributes:
        images: uint8 [n, 3, h, w], mapped from the kept file; writing to it changes this process's copy only. Of image
            files of many sizes, or more than memory holds, a sequence of uint8 [3, h, w], each read when it is taken.
        labels: int64 [n], in [0, len(classes)); of segmentation a sequence of int64 [h, w], each read when it is taken.
        classes: names of the classes.
    """

    images: torch.Tensor | Sequence[torch.Tensor]
    labels: torch.Tensor | Sequence[torch.Tensor]
    classes: tuple[str, ...]


def is_class_after_class(labels: object) -> bool:
    """Whether images are in the order of their classes, as those of a folder are."""
    return isinstance(labels, torch.Tensor) and labels.dim() == 1 and bool((labels.diff() >= 0).all())


class _Chosen(Sequence[torch.Tensor]):
    """Some items of a sequence, read when they are taken."""

    def __init__(self, items: Sequence[torch.Tensor], places: torch.Tensor):
        self.items, self.places = items, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.items[int(self.places[index])]


def choose(split: Split, places: torch.Tensor) -> Split:
    """The images and labels at some places, int64 [n], in that order; what is read when it is taken stays so."""
    images, labels = (
        items[places] if isinstance(items, torch.Tensor) else _Chosen(items, places)
        for items in (split.images, split.labels)
    )
    return split._replace(images=images, labels=labels)


def origin(items: Sequence[torch.Tensor], place: int) -> tuple[Sequence[torch.Tensor], int]:
    """The sequence that items were chosen from, and the place of one of them in it."""
    while isinstance(items, _Chosen):
        items, place = items.items, int(items.places[place])
    return items, place


def identity(items: Sequence[torch.Tensor], place: int) -> bytes:
    """What tells an item of a sequence from others: of a file name and size, else what is in it."""
    items, place = origin(items, place)
    if hasattr(items, "files"):
        return b"%s %d\n" % (items.files.names[place].rpartition(b"/")[2], items.files.sizes[place])
    return np.ascontiguousarray(items[place]).tobytes()


def split_training(n: int, seed: int, samples: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Divide ``n`` training images at random.

    A tenth is the validation part. The samples S, from which the data-informed methods compute their sensitivities, are
    taken from it, at most half of it, so that CIFAR-10 gives 45,000 / 5,000 - ``|S|`` / ``|S|``.

    Args:
        n: number of images.
        seed: the same seed gives the same division; more samples extend the samples that fewer give.
        samples: how many samples are asked for.

    Returns:
        training, validation and sample indices, int64, disjoint, together all of ``range(n)``.
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    validation = n // VALIDATION_FRACTION
    samples = min(samples, validation // 2)
    return order[validation:], order[samples:validation], order[:samples]
