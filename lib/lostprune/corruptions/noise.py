"""Corruptions that change every value by chance.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from .randomness import ImageRandomness


def gaussian_noise(x: torch.Tensor, std: float, random: ImageRandomness) -> torch.Tensor:
    """Add normal noise of standard deviation ``std`` to every value."""
    return x + std * random.normal(*x.shape[1:])
