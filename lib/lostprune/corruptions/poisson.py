"""Poisson numbers from uniform ones, by inverting the distribution function of each of an image's 256 levels."""

from __future__ import annotations

import math
from functools import lru_cache

import torch

# The first bits of a uniform number decide nearly always; a table says what they decide.
_GUIDE_BITS = 12
_REST_BITS = 32 - _GUIDE_BITS
_UNDECIDED = -1


def poisson(levels: torch.Tensor, largest: float, words: torch.Tensor) -> torch.Tensor:
    """Independent Poisson numbers with means ``levels / 255 * largest``, float32 of the levels' shape.

    Exact to the 2^-32 of the uniform numbers: the smallest k with word / 2^32 < P(number <= k).

    Args:
        levels: int64 in [0, 255].
        largest: the mean at level 255.
        words: int64 in [0, 2^32) of the levels' shape.
    """
    guide, bounds = _tables(float(largest), levels.device)
    levels, flat = levels.flatten(), words.flatten()
    numbers = guide.index_select(0, (levels << _GUIDE_BITS) + (flat >> _REST_BITS))
    rest = (numbers == _UNDECIDED).nonzero()[:, 0]
    numbers[rest] = _search(levels[rest], flat[rest], bounds)
    return numbers.view_as(words).to(torch.float32)


def _search(levels: torch.Tensor, words: torch.Tensor, bounds: torch.Tensor) -> torch.Tensor:
    """How many bounds of its level each word has reached, int16."""
    places = torch.searchsorted(bounds.flatten(), words + (levels << 33), right=True)
    return (places - levels * bounds.shape[1]).to(torch.int16)


@lru_cache(maxsize=8)
def _tables(largest: float, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The guide int16 [256 * 2^bits], and bounds int64 [256, k]: P(number <= k) of a level in units of 2^-32.

    Every level's bounds are raised by 2^33 over those of the level before: all of them are one sorted row.
    """
    means = torch.arange(256, dtype=torch.float64)[:, None] / 255 * largest
    # What lies beyond 8 standard deviations, and some more for small means, is less probable than 2^-32.
    k = torch.arange(int(largest + 8 * math.sqrt(largest) + 20), dtype=torch.float64)
    logarithms = torch.xlogy(k, means) - means - torch.lgamma(k + 1)
    bounds = (logarithms.exp().cumsum(1) * 2**32).round().long().clamp_(max=2**32)
    bounds[:, -1] = 2**32
    bounds += torch.arange(256)[:, None] << 33
    levels = torch.arange(256).repeat_interleave(1 << _GUIDE_BITS)
    first = torch.arange(1 << _GUIDE_BITS).repeat(256) << _REST_BITS
    lowest, highest = _search(levels, first, bounds), _search(levels, first + (1 << _REST_BITS) - 1, bounds)
    return torch.where(lowest == highest, lowest, _UNDECIDED).to(device), bounds.to(device)
