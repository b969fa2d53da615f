"""Batches of a set that is read image by image: decoded and viewed by the workers of a DataLoader, or on a GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import data as torch_data

from . import compressed
from .datasets import Dataset
from .intact import leave_stopping_to_the_reader, workers
from .split import Split
from .views import test_view, viewed

if TYPE_CHECKING:  # it takes seconds to import
    from torchvision.transforms import v2

_AT_ONCE = 32  # images that a worker gives at a time
_STRIDE = 0x9E3779B97F4A7C15  # odd: the seeds of a set's images are all different


class Viewed(torch_data.Dataset):
    """Images and labels through a view. What is drawn for an image depends on the seed and its position alone, neither
    on the number of workers nor on what was read before, nor on the device.
    """

    def __init__(self, split: Split, view: v2.Transform, seed: int = 0):
        self.split, self.view, self.seed = split, view, seed

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        images, labels = self.split.images, self.split.labels
        return self.through_view(indices, ((images[index], labels[index]) for index in indices))

    def through_view(
        self, indices: list[int], pairs: Iterable[tuple[torch.Tensor, torch.Tensor]]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Images and labels that were read already; the caller's random state is put aside once, not for every one."""
        with torch.random.fork_rng(devices=[]):
            return [self._viewed(index, *pair) for index, pair in zip(indices, pairs, strict=True)]

    def _viewed(self, index: int, image: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        torch.default_generator.manual_seed((self.seed + _STRIDE * (index + 1)) % 2**63)
        return viewed(self.view, image, label)


class _Compressed(torch_data.Dataset):
    """Positions, the bytes of images, and labels."""

    def __init__(self, split: Split):
        self.split = split

    def __getitem__(self, index: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        return index, compressed.read(self.split.images, index), self.split.labels[index]


def batches(
    split: Split,
    view: v2.Transform,
    sizes: Sequence[int],
    order: torch.Tensor,
    seed: int = 0,
    device: torch.device | None = None,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Images uint8 [b, 3, size, size] and labels int64 [b] or [b, size, size], in an order.

    At most two batches for each worker (``LOSTPRUNE_WORKERS``) are in memory.

    Args:
        sizes: sizes of the batches, one after the other; their sum is the length of ``order``.
        order: int64, positions of images.
        seed: seed of a view's draws; use another one for every epoch.
        device: where JPEG files are decoded and all images viewed, if torchvision can, and where the batches lie then;
            ``None``: in the workers, on the CPU. A GPU's pixels differ from a CPU's by rounding.

    Raises:
        DamagedImage: an image cannot be read.
    """
    viewed_images = Viewed(split, view, seed)
    if device is None or not compressed.supported():
        return _loaded(viewed_images, sizes, order)
    read = _loaded(_Compressed(split), sizes, order, collate_fn=lambda items: tuple(zip(*items, strict=True)))
    return (_on_device(viewed_images, *batch, device) for batch in read)


def _loaded(items: torch_data.Dataset, sizes: Sequence[int], order: torch.Tensor, **options: Any) -> Iterator:
    return iter(
        torch_data.DataLoader(
            items,
            batch_sampler=[part.tolist() for part in order.split(list(sizes))],
            num_workers=min(workers(), len(sizes)),
            worker_init_fn=leave_stopping_to_the_reader,
            generator=torch.Generator(),  # of the loader's own draws, which are not used: torch's stays untouched
            **options,
        )
    )


def _on_device(
    items: Viewed,
    indices: list[int],
    contents: list[torch.Tensor],
    labels: list[torch.Tensor],
    device: torch.device,
) -> tuple[torch.Tensor, torch.Tensor]:
    images = compressed.decode(contents, items.split.images, indices, device)
    masks = (label.to(device) if label.ndim else label for label in labels)  # a class moves with its batch
    images, labels = zip(*items.through_view(indices, zip(images, masks, strict=True)), strict=True)
    return torch.stack(images), torch.stack(labels).to(device)


def tested(split: Split, dataset: Dataset, size: int | tuple[int, int]) -> Split:
    """All images of a split as networks are tested on them, uint8 [n, 3, h, w], and their labels, in memory.

    Args:
        size: pixels on each side, or height and width.
    """
    if isinstance(split.images, torch.Tensor):
        return split
    count = len(split.labels)
    sizes = [min(_AT_ONCE, count - first) for first in range(0, count, _AT_ONCE)]
    images, labels = zip(*batches(split, test_view(dataset, size), sizes, torch.arange(count)), strict=True)
    return split._replace(images=torch.cat(images), labels=torch.cat(labels))
