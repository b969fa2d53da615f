"""Corruptions that come from weather and light.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from .randomness import ImageRandomness


def brightness(x: torch.Tensor, gain: float, random: ImageRandomness) -> torch.Tensor:
    """Add ``gain`` to the value of HSV, at most up to 1, and keep hue and saturation."""
    value = x.amax(dim=1, keepdim=True)
    brighter = (value + gain).clamp(max=1)
    # With hue and saturation fixed, red, green and blue are proportional to the value; black turns grey. Dividing
    # first makes the largest of them exactly the new value, which truncation to 8 bits would show otherwise.
    return torch.where(value > 0, x / value * brighter, brighter)
