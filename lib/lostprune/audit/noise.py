"""How alike two networks are on noisy images (Section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import data, tasks
from ..data import Split
from ..measurement import inference
from ..measurement.noise import noisy
from .distributions import batches

NOISE_LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # half-widths, in units of the normalised input
NOISE_IMAGES = 1000


def under_noise(
    networks: Sequence[nn.Module],
    split: Split,
    normalize: Callable[[torch.Tensor], torch.Tensor],
    device: torch.device,
    seed: int,
) -> xr.Dataset:
    """How alike both networks are on images with uniform noise, over ``noise_level``; on evenly spaced images."""
    spaced = torch.linspace(0, len(split.images) - 1, min(NOISE_IMAGES, len(split.images)))
    few = data.choose(split, spaced.round().long())
    matching, distance = np.zeros((2, len(NOISE_LEVELS)))
    total = len(few.images)
    for first, images, _ in batches(few, len(split.classes)):
        inputs = normalize(images.to(device))
        for place, level in enumerate(NOISE_LEVELS):
            pruned, parent = reversed(list(inference.each(networks, noisy(inputs, level, seed + first))))
            matching[place] += len(images) * tasks.matching_predictions(pruned, parent).item() / total
            distance[place] += len(images) * tasks.softmax_distance(pruned, parent).item() / total
    levels = {"noise_level": list(NOISE_LEVELS)}
    found = {"matching_predictions": xr.DataArray(matching, levels), "softmax_distance": xr.DataArray(distance, levels)}
    return xr.Dataset(found, attrs={"images": total})
