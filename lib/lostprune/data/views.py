"""How an image of any size becomes one of the size that a network takes: to train on and to test on."""

from __future__ import annotations

import torch

from ..foundations import lazy
from ..tasks import Segmentation
from .datasets import Dataset

tv_tensors = lazy.Module("torchvision.tv_tensors")
v2 = lazy.Module("torchvision.transforms.v2")
SHORTER_SIDE = (256 / 513, 1024 / 513)  # of an image for segmentation, of the crop's, drawn anew each time (B.5)


def train_view(dataset: Dataset, size: int) -> v2.Transform:
    """A random part of the image, uint8 [3, size, size], flipped with probability 1/2; draws from torch's generator.

    For classification a part of random area and shape, resized (Szegedy et al., 2015). For segmentation the image is
    resized so that its shorter side is between half and twice ``size``, then cropped, and black where it does not
    reach; its mask moves with it, and is ignored there (Appendix B.5).
    """
    if not isinstance(dataset.task, Segmentation):
        return v2.Compose([v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()])
    fill = {tv_tensors.Image: 0, tv_tensors.Mask: dataset.task.ignore}
    smallest, largest = (round(share * size) for share in SHORTER_SIDE)
    return v2.Compose(
        [
            v2.RandomResize(smallest, largest + 1),
            v2.RandomCrop(size, pad_if_needed=True, fill=fill),
            v2.RandomHorizontalFlip(),
        ]
    )


def test_view(dataset: Dataset, size: int | tuple[int, int]) -> v2.Transform:
    """The image, or of ImageNet's its centre, uint8 [3, size, size]; a mask is resized with it, by nearest pixels.

    A pair is height and width.
    """
    if dataset.centre is None:
        return v2.Resize((size, size) if isinstance(size, int) else size)
    return v2.Compose([v2.Resize(round(size / dataset.centre)), v2.CenterCrop(size)])


def viewed(
    view: v2.Transform, image: torch.Tensor, label: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """An image uint8 [3, h, w] and its label through a view; a label int64 [h, w] moves with the image."""
    if label is None or label.ndim == 0:
        return view(image), label
    image, label = view(tv_tensors.Image(image), tv_tensors.Mask(label))
    return image.as_subclass(torch.Tensor), label.as_subclass(torch.Tensor)
