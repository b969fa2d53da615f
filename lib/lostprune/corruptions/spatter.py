"""Drops on the lens: water that refracts light at its rims, or mud.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from . import filters
from .edges import distances_to, edges
from .randomness import ImageRandomness

_WATER = (175 / 255, 238 / 255, 238 / 255)
_MUD = (63 / 255, 42 / 255, 20 / 255)
_FARTHEST = 20  # distances to the rim of a drop count up to here
_RIM = {(-1, -1): -2, (-1, 0): -1, (0, -1): -1, (0, 0): 1, (0, 1): 1, (1, 0): 1, (1, 1): 2}


def spatter(x: torch.Tensor, constant: tuple, random: ImageRandomness) -> torch.Tensor:
    """Cover parts of the image with drops.

    Constant: mean and standard deviation of the normal numbers that become the liquid; sigma of the Gaussian that
    smooths it; the number above which there is liquid; for water its strength, for mud sigma of its rim; which one.
    """
    mean, std, sigma, threshold, strength, kind = constant
    liquid = filters.gaussian_filter(mean + std * random.normal(1, *x.shape[2:]), sigma)
    if kind == "water":
        return x + strength * _water(torch.where(liquid < threshold, 0, liquid)) * _colour(x, _WATER)
    mud = filters.gaussian_filter((liquid > threshold).to(x.dtype), strength)
    mud = torch.where(mud < 0.8, 0, mud)
    return x * (1 - mud) + mud * _colour(x, _MUD)


def _colour(x: torch.Tensor, colour: tuple[float, float, float]) -> torch.Tensor:
    return x.new_tensor(colour)[:, None, None]


def _water(liquid: torch.Tensor) -> torch.Tensor:
    """How much light each pixel of liquid [n, 1, h, w] sends, at most 1: the more the farther from a rim.

    Nothing where an image has no liquid.
    """
    # To 8 bits like a C compiler: beyond the last level it starts again from 0.
    liquid = torch.floor(liquid * 255) % 256
    distance = distances_to(edges(liquid, 50, 150), _FARTHEST)
    light = _equalize(torch.floor(_box_mean(distance)))
    light = filters.correlate(light, [(*place, weight) for place, weight in _RIM.items()], "mirror").clamp_(0, 255)
    light = liquid * torch.round(_box_mean(light))
    return light / light.amax(dim=(2, 3), keepdim=True).clamp(min=1)


def _box_mean(x: torch.Tensor) -> torch.Tensor:
    rows = filters.correlate(x, [(k, 0, 1) for k in (-1, 0, 1)], "mirror")
    return filters.correlate(rows, [(0, k, 1) for k in (-1, 0, 1)], "mirror") / 9


def _equalize(levels: torch.Tensor) -> torch.Tensor:
    """Spread levels, whole numbers up to the farthest distance, over 0 to 255 by how many lie below, per image.

    A level that all pixels of an image have stays.
    """
    flat = levels.flatten(1).long()
    count = torch.zeros(len(flat), _FARTHEST + 1, dtype=torch.int64, device=flat.device)
    count.scatter_add_(1, flat, torch.ones_like(flat))
    upto = count.cumsum(1)
    lowest = torch.where(upto > 0, upto, flat.shape[1]).amin(dim=1, keepdim=True)
    rest = flat.shape[1] - lowest
    spread = torch.round((upto - lowest).clamp(min=0) * (torch.full_like(rest, 255) / rest))
    table = torch.where(rest > 0, spread, torch.arange(_FARTHEST + 1, device=flat.device))
    return table.gather(1, flat).view_as(levels).to(levels.dtype)
