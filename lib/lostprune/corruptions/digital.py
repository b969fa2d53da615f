"""Corruptions that come from processing images.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

from functools import lru_cache

import torch

from .hue import change_hsv
from .jpeg import through_jpeg
from .levels import truncate
from .randomness import ImageRandomness


def contrast(x: torch.Tensor, factor: float, random: ImageRandomness) -> torch.Tensor:
    """Scale the distance of every value from its channel's mean over the image."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (x - mean) * factor + mean


def saturate(x: torch.Tensor, constant: tuple[float, float], random: ImageRandomness) -> torch.Tensor:
    """Multiply the saturation of HSV by the first number and add the second, and keep hue and value.

    Not monotone in the severity: 1 and 2 turn colours towards grey, 3 to 5 away from it.
    """
    factor, offset = constant
    return change_hsv(x, lambda saturation, value: ((saturation * factor + offset).clamp(0, 1), value))


def pixelate(x: torch.Tensor, share: float, random: ImageRandomness) -> torch.Tensor:
    """Shrink both sides to a ``share``, each pixel the mean of those it covers, and enlarge to the old size."""
    height, width = x.shape[-2:]
    small = _box_resize(truncate(x).double(), max(1, int(height * share)), max(1, int(width * share)))
    return (_box_resize(small, height, width) / 255).to(x.dtype)


def _box_resize(levels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Whole levels float64 [n, c, h, w] to another size, as Pillow's box filter does: rounded after either axis."""
    across, down = (_box_weights(*sizes) for sizes in ((levels.shape[-1], width), (levels.shape[-2], height)))
    levels = torch.floor(levels @ across.to(levels.device) + 0.5)
    return torch.floor(down.to(levels.device).T @ levels + 0.5)


@lru_cache
def _box_weights(size: int, new_size: int) -> torch.Tensor:
    """What each of ``size`` pixels counts in each of ``new_size``: float64 [size, new_size].

    A pixel counts if its middle lies in the new one. Weights are multiples of 2^-22, which Pillow rounds them to:
    sums of whole levels times these are exact in float64, so no order of summing matters.
    """
    scale = size / new_size
    reach = 0.5 * max(scale, 1)
    weights = torch.zeros(size, new_size, dtype=torch.float64)
    for new in range(new_size):
        middle = (new + 0.5) * scale
        first, last = max(int(middle - reach + 0.5), 0), min(int(middle + reach + 0.5), size)
        counted = [p for p in range(first, last) if -0.5 < (p - middle + 0.5) / (2 * reach) <= 0.5]
        weights[counted, new] = round(2**22 / len(counted)) / 2**22
    return weights


def jpeg_compression(x: torch.Tensor, quality: int, random: ImageRandomness) -> torch.Tensor:
    """Compress and decompress as JPEG, with colours at half the resolution (4:2:0), to the bit as Pillow does."""
    return through_jpeg(truncate(x).int(), quality) / 255
