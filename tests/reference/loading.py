"""Images of a folder for training, as torchvision's own classes give them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2


def batches(folder: Path, size: int, batch_size: int, workers: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Random parts of all images of a folder with a folder for each class: uint8 [b, 3, size, size] and labels [b]."""
    view = v2.Compose([v2.RandomResizedCrop(size), v2.RandomHorizontalFlip(), v2.PILToTensor()])
    return iter(DataLoader(ImageFolder(folder, view), batch_size, shuffle=True, num_workers=workers))
