"""Plain versions of the corruptions by blur: x float64 [3, h, w] in [0, 1] and the image's random numbers to x."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from reference.corruptions_filters import blur_along, gaussian, truncate, zoom
from reference.corruptions_random import PlainRandom


def gaussian_blur(x: np.ndarray, sigma: float, random: PlainRandom) -> np.ndarray:
    return gaussian(x, sigma)


def defocus_blur(x: np.ndarray, constant: tuple[float, float], random: PlainRandom) -> np.ndarray:
    radius, sigma = constant
    reach, smoothing = (8, 1) if radius <= 8 else (int(radius), 2)
    side = range(-reach, reach + 1)
    disk = np.array([[float(math.hypot(row, column) <= radius) for column in side] for row in side])
    disk /= disk.sum()
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-smoothing, smoothing + 1)]
    for axis in (0, 1):
        disk = ndimage.correlate1d(disk, np.array(weights) / sum(weights), axis, mode="mirror")
    return ndimage.correlate(x, disk[None], mode="mirror")


def glass_blur(x: np.ndarray, constant: tuple[float, int, int], random: PlainRandom) -> np.ndarray:
    """Pixels take another's value in place, one after the other."""
    sigma, reach, times = constant
    _, height, width = x.shape
    x = truncate(gaussian(x, sigma)) / 255
    for _ in range(times):
        down, right = random.integers(2 * reach, 2, height, width) - reach
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                x[:, row, column] = x[:, row + down[row, column], column + right[row, column]]
    return gaussian(x, sigma)


def motion_blur(x: np.ndarray, constant: tuple[int, float], random: PlainRandom) -> np.ndarray:
    degrees = -45 + 90 * random.uniform().item()
    return truncate(blur_along(x, *constant, degrees)) / 255


def zoom_blur(x: np.ndarray, constant: tuple[float, float], random: PlainRandom) -> np.ndarray:
    factors = np.arange(1, *constant)
    return (x + sum(zoom(x, factor) for factor in factors)) / (len(factors) + 1)
