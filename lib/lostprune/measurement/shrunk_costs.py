"""What pruning saves once the pruned channels are removed: parameters and multiply-adds of the shrunk networks."""

from __future__ import annotations

import logging

import torch
from torch import nn

from .. import pruning
from ..foundations.progress import Progress
from .networks import Item, TrainedNetworks
from .resumable import Measurement, Values

log = logging.getLogger("lostprune")


def measurement(networks: TrainedNetworks) -> Measurement:
    """``shrunk_parameters`` and ``shrunk_multiply_adds``, float64 [items]; NaN where a network cannot be shrunk."""

    def take(_: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
        counts = []
        for position, (item,) in enumerate(items, 1):
            bar.say(f"Shrinking network {position} of {len(items)}")
            counts.append(_counts(networks, item))
        parameters, multiply_adds = torch.tensor(counts, dtype=torch.float64).unbind(-1)
        return {"shrunk_parameters": parameters, "shrunk_multiply_adds": multiply_adds}

    return Measurement("shrunk", "parameters and multiply-adds", 0, take)


def _counts(networks: TrainedNetworks, position: int) -> tuple[float, float]:
    network, masks = networks.checkpoint(position)
    shape = networks.study.image_shape
    try:
        shrunk = pruning.shrink(network, masks, shape)
    except pruning.UnsupportedOperation as reason:
        log.warning("%s cannot be shrunk, so the real savings are not known: %s", networks.study.network, reason)
        return float("nan"), float("nan")
    return pruning.parameters(shrunk), pruning.multiply_adds(shrunk, shape)
