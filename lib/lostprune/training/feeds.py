"""Where the batches of an epoch come from: an array on the device, or image files that are read on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from .. import data
from .train_distribution import alter

_AUGMENTED_AT_ONCE = 5000  # images; their pixel positions take 8 kB each


class Resident:
    """All images lie on the device, and those of an epoch beside them, altered and augmented, in the epoch's order.

    Masks are cropped and flipped with their images.

    Attributes:
        images, labels: uint8 [n, 3, h, w] and int64 [n] or masks [n, h, w], what steps read.
    """

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, training: str = "nominal", ignore: int = 255):
        self._whole, self._whole_labels, self._training, self._ignore = images, labels, training, ignore
        self.images, self.labels = images.clone(), labels.clone()

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Draw the order of the images, what alters them, their crops and flips."""
        order = torch.randperm(len(self.images), generator=generator).to(self.images.device)
        torch.index_select(self._whole_labels, 0, order, out=self.labels)
        at_once = (tensor.split(_AUGMENTED_AT_ONCE) for tensor in (self.images, self.labels, order))
        for images, labels, chosen in zip(*at_once, strict=True):
            altered = alter(self._whole[chosen], self._training, generator)
            crops = data.draw_crops(altered, generator)
            images.copy_(data.crop(altered, crops))
            if labels.dim() > 1:
                labels.copy_(data.crop(labels[:, None], crops, self._ignore)[:, 0])

    def load(self, size: int, first: torch.Tensor) -> None:
        """Make the next ``size`` images those that begin at ``first``: they follow the ones before."""


class Streamed:
    """Image files: workers read and augment the next batches while the device is busy with this one; a GPU augments.

    Attributes:
        images, labels: uint8 [batch, c, size, size] and int64 [batch, …], what steps read.
    """

    def __init__(
        self,
        images: Sequence[torch.Tensor],
        labels: Sequence[torch.Tensor],
        dataset: str,
        image_size: int,
        batch_sizes: list[int],
        device: torch.device,
    ):
        self._split = data.Split(images, labels, ())
        self._view = data.train_view(data.DATASETS[dataset], image_size)
        self._sizes = batch_sizes
        label, channels = torch.as_tensor(labels[0]), len(images[0])
        side = (image_size,) * label.dim()
        self.images = torch.zeros(max(batch_sizes), channels, image_size, image_size, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(max(batch_sizes), *side, dtype=torch.int64, device=device)
        self._batches: Iterator[tuple[torch.Tensor, torch.Tensor]] = iter(())

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Draw the order of the images, and of what their views draw."""
        order = torch.randperm(len(self._split.labels), generator=generator)
        seed = torch.randint(2**62, (), generator=generator).item()
        gpu = self.images.device if self.images.device.type == "cuda" else None
        self._batches = data.batches(self._split, self._view, self._sizes, order, seed, gpu)

    def load(self, size: int, first: torch.Tensor) -> None:
        images, labels = next(self._batches)
        self.images[:size].copy_(images, non_blocking=True)
        self.labels[:size].copy_(labels, non_blocking=True)
        first.zero_()
