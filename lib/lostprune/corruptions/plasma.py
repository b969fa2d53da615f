"""Clouds: height maps by the diamond-square algorithm, one per image, on a torus."""

from __future__ import annotations

import torch

from .randomness import ImageRandomness

_FIRST_DISPLACEMENT = 100.0


def plasma(side: int, decay: float, random: ImageRandomness) -> torch.Tensor:
    """Height maps float32 [n, s, s] scaled to [0, 1], with s the next power of two from ``side``, at least 2.

    Every point is the mean of its four neighbours, which are one step away and wrap around, plus
    d^2 U(-1, 1); the step halves from level to level, and d = 100 is divided by ``decay``.
    """
    size = max(2, 1 << (side - 1).bit_length())
    displacement = 2 * random.uniform(size, size) - 1
    heights = torch.zeros_like(displacement)
    step, amplitude = size, _FIRST_DISPLACEMENT
    while step >= 2:
        half = step // 2
        on, between = slice(None, None, step), slice(half, None, step)
        corners = heights[:, on, on]
        middles = corners + corners.roll(-1, 1)
        middles = middles + middles.roll(-1, 2)
        heights[:, between, between] = middles / 4 + amplitude**2 * displacement[:, between, between]
        middles = heights[:, between, between]
        across = middles + middles.roll(1, 1) + corners + corners.roll(-1, 2)
        down = middles + middles.roll(1, 2) + corners + corners.roll(-1, 1)
        heights[:, on, between] = across / 4 + amplitude**2 * displacement[:, on, between]
        heights[:, between, on] = down / 4 + amplitude**2 * displacement[:, between, on]
        step, amplitude = half, amplitude / decay
    heights -= heights.amin(dim=(1, 2), keepdim=True)
    return heights / heights.amax(dim=(1, 2), keepdim=True)
