"""The distributions that two networks are compared on, read batch by batch: memory does not grow with the images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from .. import corruptions
from ..data import Split
from ..foundations.seeds import seed_for
from ..measurement.test_sets import constants_for

VALUES = 1 << 25  # of network inputs and outputs at once: 128 MiB of float32


class Distribution(NamedTuple):
    """Test images under one name.

    Attributes:
        split: the images; several distributions may share one.
        corruption: their corruption, a name from ``corruptions.NAMES``; ``None`` for none.
        severity: severity of the corruption, 1 to 5.
    """

    name: str
    split: Split
    corruption: str | None = None
    severity: int = 3


def batches(split: Split, outputs: int) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """The position of the first image, images uint8 [b, c, h, w] and labels of one batch after the other.

    Images of one batch have one size; where sizes differ, a batch ends with the last of its size.

    Args:
        outputs: how many values a network gives for one value of an image's channel: 1 for a class of an image, the
            number of classes where each pixel has one.
    """
    first, total = 0, len(split.images)
    while first < total:
        image = split.images[first]
        values = image[0].numel() * max(len(image), outputs)
        last = min(total, first + max(1, VALUES // values))
        if isinstance(split.images, torch.Tensor):
            images, labels = split.images[first:last], split.labels[first:last]
        else:
            pairs = [(image, split.labels[first])]
            while first + len(pairs) < last and (image := split.images[first + len(pairs)]).shape == pairs[0][0].shape:
                pairs.append((image, split.labels[first + len(pairs)]))
            images, labels = (torch.stack([torch.as_tensor(one) for one in part]) for part in zip(*pairs, strict=True))
        yield first, images, labels
        first += len(images)


def corruption_generator(seed: int, name: str) -> torch.Generator:
    """Where a corruption's draws come from: one for all batches, so that their size changes nothing.

    They are those of a study with the same seed.
    """
    return torch.Generator().manual_seed(seed_for(seed, "corruption", name))


def corrupted(images: torch.Tensor, distribution: Distribution, generator: torch.Generator) -> torch.Tensor:
    """Images uint8 [b, c, h, w] under a distribution."""
    if distribution.corruption is None:
        return images
    constants = constants_for(max(images.shape[2:]))
    return corruptions.corrupt_any(images, distribution.corruption, distribution.severity, constants, generator)
