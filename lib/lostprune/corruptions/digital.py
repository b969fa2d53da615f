"""Corruptions that come from processing images.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from .randomness import ImageRandomness


def contrast(x: torch.Tensor, factor: float, random: ImageRandomness) -> torch.Tensor:
    """Scale the distance of every value from its channel's mean over the image."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (x - mean) * factor + mean
