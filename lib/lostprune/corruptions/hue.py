"""Hue, saturation and value of whole levels, to the last bit as in float64 per pixel.

The result is truncated, and often a product is a whole level except for rounding errors. Which level it becomes then
depends on every operation. These are the usual ones, in the usual order (Smith, Color gamut transform pairs, 1978).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .levels import truncate


def change_hsv(
    x: torch.Tensor, change: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
) -> torch.Tensor:
    """x float32 [n, 3, h, w] of whole levels / 255 with other saturation and value, in the same form, truncated.

    Args:
        change: maps saturation and value, float64 [n, h, w] in [0, 1] each, to new ones in [0, 1].
    """
    red, green, blue = colours = (truncate(x).double() / 255).unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    spread = value - torch.minimum(torch.minimum(red, green), blue)
    grey = spread == 0
    hue = torch.where(green == value, 2 + (blue - red) / spread, (green - blue) / spread)
    hue = torch.where(blue == value, 4 + (red - green) / spread, hue) / 6
    hue = torch.where(hue < 0, hue + 1, hue).masked_fill_(grey, 0) * 6
    saturation, value = change((spread / value).masked_fill_(grey, 0), value)
    sector = hue.floor()
    rest = hue - sector
    least = value * (1 - saturation)
    falling, rising = value * (1 - rest * saturation), value * (1 - (1 - rest) * saturation)
    sector = sector.to(torch.int8)
    levels = torch.empty_like(x)
    for channel in range(len(colours)):
        # From the sector where this colour is the largest and falls next, counted around the circle.
        place = (sector + (6 - 2 * channel)) % 6
        colour = torch.where(place == 1, falling, least)
        colour = torch.where(place == 4, rising, colour)
        colour = torch.where((place == 0) | (place == 5), value, colour)
        levels[:, channel] = (colour * 255).floor_()
    return levels / 255
