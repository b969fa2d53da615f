"""Random crops of photographs of frost, one per image, from all photographs at once."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F

from .photographs import load_photographs
from .randomness import ImageRandomness


def frost_crops(scale: float, height: int, width: int, random: ImageRandomness, device: torch.device) -> torch.Tensor:
    """Crops float32 [n, 3, height, width] in [0, 1], each from one of five photographs, at any place of it.

    Args:
        scale: scale of the photographs; it is raised if a crop would not fit otherwise.

    Raises:
        lostprune.data.DataUnavailable: the photographs are not available.
    """
    pixels, starts, sizes = _scaled(scale, height, width, device)
    chosen = random.integers(len(starts))
    # The last place of either axis never starts a crop, as in the scripts that made the data sets.
    places = (sizes - torch.tensor([height, width], device=device)).clamp(min=1)[chosen]
    top, left = random.integers(places[:, 0]), random.integers(places[:, 1])
    row_length = sizes[chosen, 1]
    first = starts[chosen] + top * row_length + left
    rows, columns = (torch.arange(size, device=device) for size in (height, width))
    source = first[:, None, None] + rows[:, None] * row_length[:, None, None] + columns
    crops = pixels.index_select(0, source.flatten())
    return crops.view(-1, height, width, 3).permute(0, 3, 1, 2)


@lru_cache(maxsize=4)
def _scaled(scale: float, height: int, width: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    """Pixels of all photographs one after the other, float32 [all, 3]; where each starts [5]; their sizes [5, 2]."""
    photographs = [_scale(torch.from_numpy(p)[None] / 255, scale, height, width) for p in load_photographs().values()]
    pixels = torch.cat([photograph[0].flatten(1).T for photograph in photographs])
    sizes = torch.tensor([photograph.shape[2:] for photograph in photographs])
    counts = sizes.prod(dim=1)
    return pixels.to(device), (counts.cumsum(0) - counts).to(device), sizes.to(device)


def _scale(photograph: torch.Tensor, scale: float, height: int, width: int) -> torch.Tensor:
    """As OpenCV does it: linearly, pixels are squares, and where it shrinks, nothing is averaged."""
    sides, needed = photograph.shape[2:], (height, width)
    if all(int(side * scale) >= need for side, need in zip(sides, needed, strict=True)):
        return F.interpolate(photograph, scale_factor=scale, mode="bilinear")
    factor = max(need / side for side, need in zip(sides, needed, strict=True))
    size = [max(need, math.ceil(side * factor)) for side, need in zip(sides, needed, strict=True)]
    return F.interpolate(photograph, size, mode="bilinear")
