"""Plain random fields of one image: SplitMix64 in Python's unbounded integers, one number at a time."""

from __future__ import annotations

import math

import numpy as np

WORD = 2**64


def mix(number: int) -> int:
    """SplitMix64's output for a state."""
    number = (number + 0x9E3779B97F4A7C15) % WORD
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) % WORD
    return number ^ (number >> 31)


class PlainRandom:
    """Numbers of one image's stream; each call goes on counting where the last one stopped."""

    def __init__(self, seed: int) -> None:
        self.stream = mix(seed)
        self.count = 0

    def words(self, *shape: int) -> np.ndarray:
        """32-bit numbers: the upper halves of as many hashes as it takes, then their lower halves."""
        size = math.prod(shape)
        counters = range(self.count, self.count + math.ceil(size / 2))
        self.count = counters.stop
        mixed = [mix((self.stream + counter * 0x9E3779B97F4A7C15) % WORD) for counter in counters]
        words = [number >> 32 for number in mixed] + [number & 0xFFFFFFFF for number in mixed]
        return np.array(words[:size], np.int64).reshape(shape)

    def uniform(self, *shape: int) -> np.ndarray:
        return (self.words(*shape) >> 8) / 2**24

    def integers(self, high: int, *shape: int) -> np.ndarray:
        return self.words(*shape) * high >> 32

    def normal(self, *shape: int) -> np.ndarray:
        """By Box and Muller: half of the words are radii, the others angles."""
        size = math.prod(shape)
        words = self.words(2 * math.ceil(size / 2))
        radii, angles = np.split(words, 2)
        radii = [math.sqrt(-2 * math.log((word + 1) / 2**32)) for word in radii.tolist()]
        angles = [2 * math.pi * (word >> 8) / 2**24 for word in angles.tolist()]
        pairs = list(zip(radii, angles, strict=True))
        cosines = [radius * math.cos(angle) for radius, angle in pairs]
        sines = [radius * math.sin(angle) for radius, angle in pairs]
        return np.array((cosines + sines)[:size]).reshape(shape)
