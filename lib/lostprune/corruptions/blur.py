"""Corruptions that smear an image.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import torch

from . import filters
from .levels import truncate
from .randomness import ImageRandomness


def gaussian_blur(x: torch.Tensor, sigma: float, random: ImageRandomness) -> torch.Tensor:
    """Smooth with a Gaussian of ``sigma`` pixels."""
    return filters.gaussian_filter(x, sigma)


def defocus_blur(x: torch.Tensor, constant: tuple[float, float], random: ImageRandomness) -> torch.Tensor:
    """Average over a disk of the given radius, whose rim is smoothed by a Gaussian of the given sigma."""
    return filters.correlate(x, _disk(*constant), "mirror")


@lru_cache
def _disk(radius: float, sigma: float) -> list[tuple[int, int, float]]:
    """The taps of a disk as OpenCV's 3 x 3, or 5 x 5 for more than 8 pixels, smooths it on its square."""
    reach, smoothing = (8, 1) if radius <= 8 else (int(radius), 2)
    squares = torch.arange(-reach, reach + 1, dtype=torch.float64) ** 2
    disk = (squares[:, None] + squares <= radius**2).to(torch.float64)
    weights = list(zip(range(-smoothing, smoothing + 1), filters.gaussian_weights(sigma, smoothing), strict=True))
    disk = filters.correlate(disk / disk.sum(), [(k, 0, weight) for k, weight in weights], "mirror")
    disk = filters.correlate(disk, [(0, k, weight) for k, weight in weights], "mirror")
    return [(int(y) - reach, int(x) - reach, disk[y, x].item()) for y, x in disk.nonzero()]


def glass_blur(x: torch.Tensor, constant: tuple[float, int, int], random: ImageRandomness) -> torch.Tensor:
    """Smooth, let every pixel take the value of one nearby, several times, and smooth again.

    Constant: sigma of the Gaussian; how far away the other pixel may be; how many times.
    """
    sigma, reach, times = constant
    height, width = x.shape[-2:]
    x = truncate(filters.gaussian_filter(x, sigma)) / 255
    for _ in range(times):
        source = _shuffle(height, width, reach, random)
        x = x.flatten(2).gather(2, source[:, None].expand(-1, x.shape[1], -1)).view_as(x)
    return filters.gaussian_filter(x, sigma)


def _shuffle(height: int, width: int, reach: int, random: ImageRandomness) -> torch.Tensor:
    """Where each pixel's value comes from, int64 [n, h * w], when values are copied in place one after the other.

    From the last pixel back to the first one, those at least reach + 1 from the upper and left border and ``reach``
    from the lower and right one take the value of the pixel that is up to ``reach`` before or reach - 1 behind them
    in either direction. A pixel before them still has its own value; one behind them has taken another's already.
    """
    down, right = (random.integers(2 * reach, 2, height, width) - reach).unbind(1)
    rows, columns = (torch.arange(size, device=down.device) for size in (height, width))
    moved_rows, moved_columns = ((p > reach) & (p <= p.numel() - reach) for p in (rows, columns))
    moved = moved_rows[:, None] & moved_columns
    pixels = torch.arange(height * width, device=down.device)
    source = pixels + torch.where(moved, down * width + right, 0).flatten(1)
    # Follow pixels behind to the one that took an original value, twice as many steps at a time.
    taken = torch.where(source > pixels, source, pixels)
    while not torch.equal(further := taken.gather(1, taken), taken):
        taken = further
    return source.gather(1, taken)


def motion_blur(x: torch.Tensor, constant: tuple[int, float], random: ImageRandomness) -> torch.Tensor:
    """Smear along a line in a random direction, at most 45 degrees from the horizontal. Constant: radius, sigma."""
    degrees = 90 * random.uniform().double() - 45
    return truncate(filters.blur_along(x, *constant, degrees)) / 255


def zoom_blur(x: torch.Tensor, constant: tuple[float, float], random: ImageRandomness) -> torch.Tensor:
    """Average with enlarged copies. Constant: the enlargement before which they end, and the step from 1 up to it."""
    factors = np.arange(1, *constant).tolist()
    # Many factors come to the same whole numbers of pixels.
    sizes = [tuple(filters.zoom_sizes(side, factor) for side in x.shape[-2:]) for factor in factors]
    copies, counts = dict(zip(sizes, factors, strict=True)), Counter(sizes)
    total = x.clone()
    for size, factor in copies.items():
        total.add_(filters.zoom(x, factor), alpha=counts[size])
    return total / (len(factors) + 1)
