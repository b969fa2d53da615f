"""Random fields that depend only on an image's seed, not on its batch or the device."""

from __future__ import annotations

import math

import torch

# SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), as signed numbers.
_STEP = 0x9E3779B97F4A7C15 - 2**64
_FACTORS = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)


def draw_seeds(n: int, generator: torch.Generator) -> torch.Tensor:
    """One 63-bit seed per image, int64 [n]. Two draws of a and b images give what one draw of a + b gives."""
    return torch.randint(2**63 - 1, (n,), generator=generator)


class ImageRandomness:
    """Random fields for a batch, each image's from its own seed.

    Every number is a hash of the image's seed and of a counter, so that image i gets the same field in any batch.
    Each call counts on from the last one: fields drawn one after the other are independent.

    Args:
        seeds: int64 [n], on the device where the fields are wanted.
    """

    def __init__(self, seeds: torch.Tensor) -> None:
        self._streams = _mix(seeds)[:, None]  # neighbouring seeds start far apart
        self._count = 0

    def uniform(self, *shape: int) -> torch.Tensor:
        """Independent numbers from [0, 1): float32 [n, *shape]."""
        return _unit(self.words(*shape))

    def words(self, *shape: int) -> torch.Tensor:
        """Independent 32-bit numbers, int64 [n, *shape] in [0, 2^32)."""
        return self._words(math.prod(shape)).reshape(len(self._streams), *shape)

    def integers(self, high: int | torch.Tensor, *shape: int) -> torch.Tensor:
        """Independent whole numbers from [0, high), int64 [n, *shape]; ``high`` may be a tensor that broadcasts.

        None is more probable than another by more than 2^-32.
        """
        return (self.words(*shape) * high) >> 32

    def normal(self, *shape: int) -> torch.Tensor:
        """Independent numbers from the standard normal distribution: float32 [n, *shape]."""
        size = math.prod(shape)
        # Box-Muller: two uniform numbers are the radius and the angle of two normal ones.
        radius, angle = self._words(2 * math.ceil(size / 2)).chunk(2, dim=1)
        radius = (radius + 1).to(torch.float32).mul_(2**-32).log_().mul_(-2).sqrt_()  # of numbers from (0, 1]
        angle = _unit(angle).mul_(2 * math.pi)
        normals = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)
        return normals[:, :size].reshape(len(self._streams), *shape)

    def _words(self, size: int) -> torch.Tensor:
        """The next ``size`` 32-bit numbers of every image: int64 [n, size] in [0, 2^32)."""
        hashes = math.ceil(size / 2)
        counters = torch.arange(self._count, self._count + hashes, device=self._streams.device)
        self._count += hashes
        mixed = _mix(self._streams + counters * _STEP)
        return torch.cat([_shift_right(mixed, 32), mixed & 0xFFFFFFFF], dim=1)[:, :size]


def _unit(words: torch.Tensor) -> torch.Tensor:
    """float32 in [0, 1) from 32-bit numbers: their upper 24 bits, which float32 holds exactly."""
    return (words >> 8).to(torch.float32).mul_(2**-24)


def _mix(numbers: torch.Tensor) -> torch.Tensor:
    """The output function of SplitMix64: every bit of the 64 depends on every bit of the input."""
    numbers = numbers + _STEP
    for shift, factor in zip((30, 27), _FACTORS, strict=True):
        numbers = (numbers ^ _shift_right(numbers, shift)) * factor
    return numbers ^ _shift_right(numbers, 31)


def _shift_right(numbers: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift zeros in from the left, which ``>>`` on signed numbers does not."""
    return (numbers >> bits) & ((1 << (64 - bits)) - 1)
