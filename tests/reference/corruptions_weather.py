"""Plain versions of the corruptions by weather: x float64 [3, h, w] in [0, 1] and the image's random numbers to x."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import ndimage

from lostprune.corruptions.photographs import load_photographs
from reference.corruptions_filters import blur_along, truncate, zoom
from reference.corruptions_hue import change_hsv
from reference.corruptions_random import PlainRandom


def snow(x: np.ndarray, constant: tuple[float, ...], random: PlainRandom) -> np.ndarray:
    mean, std, factor, threshold, radius, sigma, kept = constant
    layer = zoom(mean + std * random.normal(1, *x.shape[1:]), factor)
    layer[layer < threshold] = 0
    layer = truncate(layer) / 255
    layer = truncate(blur_along(layer, radius, sigma, -135 + 90 * random.uniform().item())) / 255
    grey = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2]
    return kept * x + (1 - kept) * np.maximum(x, 1.5 * grey + 0.5) + layer + np.rot90(layer, 2, axes=(1, 2))


def frost(x: np.ndarray, constant: tuple[float, float, float], random: PlainRandom) -> np.ndarray:
    image_weight, frost_weight, scale = constant
    needed = x.shape[1:]
    photograph = list(photographs().values())[random.integers(5)] / 255
    sides = photograph.shape[1:]
    sizes, steps = [int(side * scale) for side in sides], [1 / scale, 1 / scale]
    if any(size < need for size, need in zip(sizes, needed, strict=True)):
        factor = max(need / side for side, need in zip(sides, needed, strict=True))
        sizes = [max(need, math.ceil(side * factor)) for side, need in zip(sides, needed, strict=True)]
        steps = [side / size for side, size in zip(sides, sizes, strict=True)]
    top, left = (random.integers(max(size - need, 1)) for size, need in zip(sizes, needed, strict=True))
    # the middles of the crop's pixels, on the photograph
    rows, columns = (
        (first + np.arange(need) + 0.5) * step - 0.5
        for first, need, step in zip((top, left), needed, steps, strict=True)
    )
    places = np.meshgrid(rows, columns, indexing="ij")
    crop = np.stack([ndimage.map_coordinates(channel, places, order=1, mode="nearest") for channel in photograph])
    return image_weight * x + frost_weight * crop


@cache
def photographs() -> dict[str, np.ndarray]:
    return load_photographs()


def fog(x: np.ndarray, constant: tuple[float, float], random: PlainRandom) -> np.ndarray:
    weight, decay = constant
    clouds = plasma(max(x.shape), decay, random)[: x.shape[1], : x.shape[2]]
    return (x + weight * clouds) * x.max() / (x.max() + weight)


def plasma(side: int, decay: float, random: PlainRandom) -> np.ndarray:
    """Diamond-square, one point at a time."""
    size = 2
    while size < side:
        size *= 2
    displacement = 2 * random.uniform(size, size) - 1
    heights = np.zeros((size, size))

    def set_point(row: int, column: int, neighbours: list[tuple[int, int]]) -> None:
        mean = sum(heights[(row + y) % size, (column + x) % size] for y, x in neighbours) / 4
        heights[row, column] = mean + wibble * wibble * displacement[row, column]

    step, wibble = size, 100.0
    while step >= 2:
        half = step // 2
        diagonal = [(y, x) for y in (-half, half) for x in (-half, half)]
        straight = [(-half, 0), (half, 0), (0, -half), (0, half)]
        for row in range(half, size, step):
            for column in range(half, size, step):
                set_point(row, column, diagonal)
        for row in range(0, size, half):
            for column in range(0 if row % step else half, size, step):
                set_point(row, column, straight)
        step, wibble = half, wibble / decay
    return (heights - heights.min()) / (heights.max() - heights.min())


def brightness(x: np.ndarray, gain: float, random: PlainRandom) -> np.ndarray:
    return change_hsv(x, lambda saturation, value: (saturation, min(value + gain, 1)))
