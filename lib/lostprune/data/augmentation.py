"""From stored pixels to what a network is trained on: random crop and flip, normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
    return crop(images, draw_crops(images, generator))


class Crops(NamedTuple):
    """Where the pixels of each crop lie.

    padding: pixels around each image.
    pixels: int64 [n, h * w], flat positions in the padded images.
    """

    padding: int
    pixels: torch.Tensor


def draw_crops(images: torch.Tensor, generator: torch.Generator) -> Crops:
    """The draws of :func:`pad_crop_flip`: they can be applied to masks, too."""
    n, _, height, width = images.shape
    padding = max(PADDING, height // 8)

    def draw(high: int) -> torch.Tensor:
        return torch.randint(high, (n, 1), generator=generator, device=generator.device).to(images.device)

    top, left, flip = draw(2 * padding + 1), draw(2 * padding + 1), draw(2)
    column = torch.arange(width, device=images.device)
    columns = left + torch.where(flip == 1, width - 1 - column, column)  # [n, width]
    rows = top + torch.arange(height, device=images.device)  # [n, height]
    pixels = rows[:, :, None] * (width + 2 * padding) + columns[:, None, :]
    return Crops(padding, pixels.view(n, height * width))


def crop(images: torch.Tensor, crops: Crops, fill: int = 0) -> torch.Tensor:
    """Images or masks [n, c, h, w], cropped and flipped; ``fill`` is what lies around them."""
    padded = functional.pad(images, [crops.padding] * 4, value=fill)
    # One gather over flat pixel positions, shared by the channels: of the ways tried, the fastest on a CPU.
    pixels = crops.pixels[:, None].expand(-1, images.shape[1], -1)
    return padded.flatten(2).gather(2, pixels).view_as(images)
