"""Plain versions of the corruptions by processing: x float64 [3, h, w] in [0, 1] and an image's random numbers to x."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from reference.corruptions_filters import gaussian
from reference.corruptions_hue import change_hsv
from reference.corruptions_random import PlainRandom


def contrast(x: np.ndarray, factor: float, random: PlainRandom) -> np.ndarray:
    return np.stack([(channel - channel.mean()) * factor + channel.mean() for channel in x])


def saturate(x: np.ndarray, constant: tuple[float, float], random: PlainRandom) -> np.ndarray:
    return change_hsv(x, lambda saturation, value: (min(max(saturation * constant[0] + constant[1], 0), 1), value))


def elastic_transform(x: np.ndarray, constant: tuple[float, float, float], random: PlainRandom) -> np.ndarray:
    _, height, width = x.shape
    strength, sigma, affine = (share * min(height, width) for share in constant)
    arm, middle = max(min(height, width) // 3, 1), np.array([width // 2, height // 2])
    points = np.array([middle + arm, middle + [arm, -arm], middle - arm])  # columns and rows
    moved = points + affine * (2 * random.uniform(3, 2) - 1)
    back = np.linalg.inv(np.c_[moved, np.ones(3)]) @ points
    rows, columns = np.mgrid[:height, :width]
    sources = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ back
    x = sample(x, sources[..., 1], sources[..., 0], "mirror")
    right, down = strength * gaussian(2 * random.uniform(2, height, width) - 1, sigma, "reflect", 3)
    return sample(x, rows + down, columns + right, "reflect")


def sample(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, mode: str) -> np.ndarray:
    return np.stack([ndimage.map_coordinates(channel, (rows, columns), order=1, mode=mode) for channel in x])


def pixelate(x: np.ndarray, share: float, random: PlainRandom) -> np.ndarray:
    image = to_pillow(x)
    small = image.resize([max(1, int(side * share)) for side in image.size], Image.Resampling.BOX)
    return from_pillow(small.resize(image.size, Image.Resampling.BOX))


def jpeg_compression(x: np.ndarray, quality: int, random: PlainRandom) -> np.ndarray:
    file = io.BytesIO()
    to_pillow(x).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return from_pillow(image)


def to_pillow(x: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(x * 255).astype(np.uint8).transpose(1, 2, 0))


def from_pillow(image: Image.Image) -> np.ndarray:
    return np.asarray(image).transpose(2, 0, 1) / 255
