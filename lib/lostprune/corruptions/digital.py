"""Corruptions that come from processing images.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import torch
from PIL import Image

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
    value, least = x.amax(dim=1, keepdim=True), x.amin(dim=1, keepdim=True)
    saturation = (value - least) / value.clamp(min=torch.finfo(x.dtype).tiny)
    target = (saturation * factor + offset).clamp_(0, 1)
    # With hue and value fixed, the distances to the value are proportional to the saturation.
    saturated = value - (value - x) * (target / saturation)
    # A grey pixel has no hue; HSV writes 0 then, which is red.
    red = torch.tensor([0, 1, 1], dtype=x.dtype, device=x.device)[:, None, None]
    return torch.where(saturation > 0, saturated, value * (1 - target * red))


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
    """Compress and decompress as JPEG, with colours at half the resolution (4:2:0)."""
    images = truncate(x).to("cpu", torch.uint8).permute(0, 2, 3, 1).numpy()
    # One after the other: on small images Pillow spends its time in Python, where threads only wait for each other.
    decoded = torch.from_numpy(np.stack([_through_jpeg(image, quality) for image in images]))
    return decoded.permute(0, 3, 1, 2).to(x.device, x.dtype) / 255


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """uint8 [h, w, 3] of uint8 [h, w, 3]."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    with Image.open(file, formats=["JPEG"]) as decoded:
        return np.asarray(decoded)
