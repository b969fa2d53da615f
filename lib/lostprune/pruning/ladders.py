"""Ladders of ever larger networks: what a method keeps at each rung, once its sensitivities are known."""

from __future__ import annotations

import numpy as np
import torch

from .layers import along
from .masks import Masks


class WeightLadder:
    """Rung ``b`` keeps the ``b`` weights with the largest sensitivities of the whole network.

    Attributes:
        top: the largest rung.
        zeros: the fraction of the sensitivities that is 0.
    """

    def __init__(self, sensitivities: dict[str, torch.Tensor]):
        self._sensitivities = sensitivities
        # NumPy sorts these many numbers more than ten times as fast as torch does on a CPU.
        self._ascending = torch.cat([values.flatten() for values in sensitivities.values()]).cpu().numpy()
        self._ascending.sort()  # in place: it is as large as the network
        self.top = int(np.count_nonzero(self._ascending))  # more would only be weights that do nothing
        self.zeros = 1 - self.top / len(self._ascending)

    def nearest(self, budget: int) -> int:
        return budget

    def masks(self, rung: int) -> Masks:
        smallest = self._ascending[-rung] if rung else np.float32(np.inf)
        # Of those that are equal to the smallest one that is kept, so many are kept, too: the first in order.
        equal = rung - (len(self._ascending) - int(np.searchsorted(self._ascending, smallest, side="right")))
        masks = Masks()
        for name, values in self._sensitivities.items():
            masks[name] = (values > float(smallest)).contiguous()
            if equal:
                chosen = (values == float(smallest)).flatten().nonzero().flatten()[:equal]
                masks[name].view(-1)[chosen] = True
                equal -= len(chosen)
        return masks


class LayerLadder:
    """Rung ``b`` keeps about ``b`` weights: the same fraction of every layer, those with its largest sensitivities.

    Attributes: as ``WeightLadder``. Weights whose sensitivity is 0 count as gone; at least one of each layer stays.
    """

    def __init__(self, sensitivities: dict[str, torch.Tensor]):
        self._ranks = {name: _ranks(values.flatten()).view(values.shape) for name, values in sensitivities.items()}
        self._alive = {name: int(values.count_nonzero()) for name, values in sensitivities.items()}
        self.top = sum(self._alive.values())
        self.zeros = 1 - self.top / sum(values.numel() for values in sensitivities.values())

    def nearest(self, budget: int) -> int:
        return min(budget, self.top)

    def masks(self, rung: int) -> Masks:
        share = rung / max(self.top, 1)
        counts = {name: min(max(round(share * alive), 1), alive) for name, alive in self._alive.items()}
        return Masks({name: ranks < counts[name] for name, ranks in self._ranks.items()})


class ChannelLadder:
    """Rung ``k`` keeps ``counts[k]`` filters (``dim`` 0) or input channels (``dim`` 1) of each layer.

    Attributes: as ``WeightLadder``.
    """

    def __init__(self, layers: dict, sensitivities: dict, dim: int, counts: np.ndarray, estimates: np.ndarray):
        self._weights = {name: layer.weight for name, layer in layers.items()}
        self._dim = dim
        self._counts = counts
        self._estimates = estimates
        self._ranks = {name: _ranks(values) for name, values in sensitivities.items()}
        self.top = len(counts) - 1
        self.zeros = float((torch.cat(list(sensitivities.values())) == 0).float().mean())

    def nearest(self, budget: int) -> int:
        return int(np.abs(self._estimates - budget).argmin())

    def masks(self, rung: int) -> Masks:
        counts = self._counts[rung].tolist()
        return Masks(
            {
                name: along(self._ranks[name] < count, self._dim, weight).expand_as(weight).clone()
                for (name, weight), count in zip(self._weights.items(), counts, strict=True)
            }
        )


def _ranks(values: torch.Tensor) -> torch.Tensor:
    """The place of each value, the largest first; of equal ones, the first in order."""
    return values.argsort(descending=True, stable=True).argsort()
