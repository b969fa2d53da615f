"""Corruptions that change every value by chance.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from .levels import truncate
from .poisson import poisson
from .randomness import ImageRandomness


def gaussian_noise(x: torch.Tensor, std: float, random: ImageRandomness) -> torch.Tensor:
    """Add normal noise of standard deviation ``std`` to every value."""
    return x + std * random.normal(*x.shape[1:])


def shot_noise(x: torch.Tensor, photons: float, random: ImageRandomness) -> torch.Tensor:
    """Count light in particles; a value of 1 means ``photons`` of them on average."""
    return poisson(truncate(x).long(), photons, random.words(*x.shape[1:])) / photons


def impulse_noise(x: torch.Tensor, share: float, random: ImageRandomness) -> torch.Tensor:
    """Set a ``share`` of the values to 0 or 1, half of them each."""
    chance = random.uniform(*x.shape[1:])
    return torch.where(chance < share, (chance < share / 2).to(x.dtype), x)


def speckle_noise(x: torch.Tensor, std: float, random: ImageRandomness) -> torch.Tensor:
    """Add normal noise of standard deviation ``std`` times the value."""
    return x + x * (std * random.normal(*x.shape[1:]))
