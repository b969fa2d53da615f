"""From stored pixels to what a network is trained on: random crop and flip, normalisation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from .datasets import DATASETS

PADDING = 4  # zero pixels on every side of 32 x 32 pixels; of larger images as large a share


def normalize(images: torch.Tensor, dataset: str = "cifar10") -> torch.Tensor:
    """Network input: ``(images / 255 - mean) / std`` per channel.

    Args:
        images: uint8 [n, 3, h, w].
        dataset: the data set with the mean and std to use, a key of :data:`DATASETS`.

    Returns:
        float32 [n, 3, h, w] on the images' device.
    """
    return standardize(images, DATASETS[dataset].mean, DATASETS[dataset].std)


def standardize(images: torch.Tensor, means: Sequence[float], stds: Sequence[float]) -> torch.Tensor:
    """As :func:`normalize`, with a mean and a std for each channel."""
    inputs = images.to(torch.float32).div_(255)
    # Channel by channel with plain numbers: no tensor of constants has to reach the device first.
    for channel, mean, std in zip(inputs.unbind(1), means, stds, strict=True):
        channel.sub_(mean).div_(std)
    return inputs


def pad_crop_flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The paper's augmentation: 4 zero pixels around, a random crop of the old size, a flip with probability 1/2.

    Around images of more than 32 pixels there are an eighth of their height. Every image draws its own crop and flip.
    The pixels are raw, so the border is black, not the mean.

    Args:
        images: uint8 [n, 3, h, w].
        generator: source of the draws; it may be on another device than the images.

    Returns:
        uint8 [n, 3, h, w] on the images' device.
    """
    n, channels, height, width = images.shape
    padding = max(PADDING, height // 8)

    def draw(high: int) -> torch.Tensor:
        return torch.randint(high, (n, 1), generator=generator, device=generator.device).to(images.device)

    top, left, flip = draw(2 * padding + 1), draw(2 * padding + 1), draw(2)
    column = torch.arange(width, device=images.device)
    columns = left + torch.where(flip == 1, width - 1 - column, column)  # [n, width]
    rows = top + torch.arange(height, device=images.device)  # [n, height]
    padded = functional.pad(images, [padding] * 4)
    # One gather over flat pixel positions, shared by the channels: of the ways tried, the fastest on a CPU.
    pixels = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    pixels = pixels.view(n, 1, height * width).expand(n, channels, height * width)
    return padded.flatten(2).gather(2, pixels).view_as(images)
