"""Plain versions of the corruptions and of their random numbers, one pixel and one number at a time."""

from __future__ import annotations

import colorsys
import math

import numpy as np

WORD = 2**64


def mix(number: int) -> int:
    """SplitMix64's output for a state, in Python's unbounded integers."""
    number = (number + 0x9E3779B97F4A7C15) % WORD
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) % WORD
    return number ^ (number >> 31)


def words(seed: int, hashes: range) -> list[int]:
    """32-bit numbers of the given counters: all upper halves, then all lower halves."""
    mixed = [mix((mix(seed) + counter * 0x9E3779B97F4A7C15) % WORD) for counter in hashes]
    return [number >> 32 for number in mixed] + [number & 0xFFFFFFFF for number in mixed]


def normals(seed: int, size: int) -> list[float]:
    """The first ``size`` (even) normal numbers of an image's stream, by Box and Muller."""
    uniforms = words(seed, range(size // 2))
    radii = [math.sqrt(-2 * math.log((word + 1) / 2**32)) for word in uniforms[: size // 2]]
    angles = [2 * math.pi * (word >> 8) / 2**24 for word in uniforms[size // 2 :]]
    pairs = list(zip(radii, angles, strict=True))
    return [radius * math.cos(angle) for radius, angle in pairs] + [radius * math.sin(angle) for radius, angle in pairs]


def gaussian_noise(image: np.ndarray, std: float, seed: int) -> np.ndarray:
    """uint8 [3, h, w] of uint8 [3, h, w]."""
    noise = np.array(normals(seed, image.size)).reshape(image.shape)
    return truncate(image / 255 + std * noise)


def brightness(image: np.ndarray, gain: float) -> np.ndarray:
    """uint8 [3, h, w] of uint8 [3, h, w], through HSV and back."""
    brighter = np.empty(image.shape)
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            hue, saturation, value = colorsys.rgb_to_hsv(*(image[:, y, x] / 255))
            brighter[:, y, x] = colorsys.hsv_to_rgb(hue, saturation, min(value + gain, 1))
    return truncate(brighter)


def contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """uint8 [3, h, w] of uint8 [3, h, w]."""
    channels = image / 255
    return truncate(np.stack([(channel - channel.mean()) * factor + channel.mean() for channel in channels]))


def truncate(x: np.ndarray) -> np.ndarray:
    return (np.clip(x, 0, 1) * 255).astype(np.uint8)
