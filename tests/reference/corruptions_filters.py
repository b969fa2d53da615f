"""Plain filters of one image [c, h, w] in float64, by scipy and loops."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage


def truncate(x: np.ndarray) -> np.ndarray:
    """Whole levels 0 to 255; a number that is whole but for rounding errors stays that number."""
    return np.floor(np.clip(x, 0, 1) * 255 + 1e-4)


def gaussian(x: np.ndarray, sigma: float, mode: str = "nearest", truncate: float = 4) -> np.ndarray:
    return ndimage.gaussian_filter(x, (0, sigma, sigma), mode=mode, truncate=truncate)


def blur_along(x: np.ndarray, radius: int, sigma: float, degrees: float) -> np.ndarray:
    """The weighted mean of 2 radius + 1 pixels on a line that starts at each pixel."""
    _, height, width = x.shape
    weights = [math.exp(-(step**2) / (2 * sigma**2)) for step in range(2 * radius + 1)]
    blurred = np.zeros_like(x)
    for step, weight in enumerate(weights):
        down = math.ceil(step * math.sin(math.radians(degrees)) - 0.5)
        right = math.ceil(step * math.cos(math.radians(degrees)) - 0.5)
        rows = [min(max(row + down, 0), height - 1) for row in range(height)]
        columns = [min(max(column + right, 0), width - 1) for column in range(width)]
        blurred += weight / sum(weights) * x[:, rows][:, :, columns]
    return blurred


def zoom(x: np.ndarray, factor: float) -> np.ndarray:
    """The enlarged middle."""
    sides = x.shape[1:]
    inner = [math.ceil(side / factor) for side in sides]
    top, left = ((side - size) // 2 for side, size in zip(sides, inner, strict=True))
    enlarged = ndimage.zoom(x[:, top : top + inner[0], left : left + inner[1]], (1, factor, factor), order=1)
    top, left = ((size - side) // 2 for side, size in zip(sides, enlarged.shape[1:], strict=True))
    return enlarged[:, top : top + sides[0], left : left + sides[1]]
