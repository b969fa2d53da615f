"""Which weights, filters or input channels a method keeps for a budget (Table 1, column "Scope").

Every method has a ladder of ever larger networks. A rung is described by the size that the method expects it to have;
the sizes that come out differ, because dead parts go too.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .checks import check_network, check_samples
from .connectivity import Connectivity
from .costs import places
from .ladders import ChannelLadder, LayerLadder, WeightLadder
from .layers import prunable
from .masks import Masks
from .registry import check_method, registered
from .scores import check_scores, unchecked_scores

# PFP's bound (Liebenwein et al., 2020): failure probability and the constant of the sample complexity.
_DELTA = 1e-16
_COEFFICIENT = 3


def select(
    network: nn.Module,
    method: str,
    budget: int,
    samples: torch.Tensor | None = None,
    scores: dict[str, torch.Tensor] | None = None,
) -> Masks:
    """What ``method`` keeps of ``network`` for a budget, before dead parts are removed (Algorithm 1, line 5).

    WT and SiPP keep exactly ``budget`` weights, the most sensitive of the whole network. FT keeps the same fraction of
    the filters in every layer. PFP keeps the input channels that its error bound requires at the same error in every
    layer. Both take the size nearest to the budget *by the method's estimate*. The estimate assumes that a filter is
    removed where the next layer (in the order of ``modules()``) loses an input channel, and the other way round, so
    these masks keep more weights than estimated. Of equal sensitivities the first in order is kept.

    Args:
        network: not modified. Parts that are already zero are not counted as filters or channels.
        method: a registered one, such as those in ``METHODS``.
        budget: how many conv and fc weights to keep, at least 1.
        samples: normalised network inputs, float32 [n, c, h, w]; SiPP and PFP need them.
        scores: the result of ``scores(network, method, samples)``, to avoid computing it again.

    Returns:
        Masks of the conv and fc weights; a layer can be empty.

    Raises:
        ValueError: as ``scores``; a budget that is not in [1, number of conv and fc weights]; scores of another
            method or network.
    """
    check_method("method", method)
    check_network(network)
    check_samples(network, method, samples)
    size = sum(layer.weight.numel() for layer in prunable(network).values())
    if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or not 1 <= budget <= size:
        raise ValueError(f"budget: got {budget!r}, expected how many of the {size} conv and fc weights to keep")
    classifiers = Connectivity(network, None if samples is None else samples.shape[1:]).classifiers
    steps = ladder(network, method, classifiers, samples, scores)
    return steps.masks(steps.nearest(int(budget)))


def ladder(
    network: nn.Module,
    method: str,
    classifiers: set[str],
    samples: torch.Tensor | None,
    scores: dict[str, torch.Tensor] | None = None,
) -> WeightLadder | LayerLadder | ChannelLadder:
    """The ladder of a method for a network (as it is: masked, within a chain).

    Args:
        classifiers: the weights of layers whose filters are the network's outputs: FT keeps all of these.
    """
    if scores is None:
        sensitivities = unchecked_scores(network, method, samples)
    else:
        check_scores(network, method, scores)
        sensitivities = scores
    kind = registered(method)
    if kind.prunes == "weights":
        return WeightLadder(sensitivities) if kind.scope == "global" else LayerLadder(sensitivities)
    layers = prunable(network)
    filters = _nonempty(layers, 0)
    channels = _nonempty(layers, 1)
    area = np.array([layer.weight[0, 0].numel() for layer in layers.values()])
    if not kind.input_channels:
        whole = np.array([name in classifiers for name in layers])
        local = kind.scope == "local"
        kept = _uniform_filters(filters, whole) if local else _best_filters(layers, sensitivities, filters, whole)
        inputs = np.broadcast_to(channels, kept.shape).copy()
        inputs[:, 1:] = np.maximum(1, channels[1:] - (filters[:-1] - kept[:, :-1]))
        return ChannelLadder(layers, sensitivities, 0, kept, (kept * inputs * area).sum(1))
    counts = places(network, tuple(samples.shape[1:]))
    patches = np.array([counts[name] for name in layers])
    kept = _equal_error_channels(layers, sensitivities, area, patches)
    outputs = np.broadcast_to(filters, kept.shape).copy()
    outputs[:, :-1] = np.maximum(1, filters[:-1] - (channels[1:] - kept[:, 1:]))
    return ChannelLadder(layers, sensitivities, 1, kept, (kept * outputs * area).sum(1))


def _nonempty(layers: dict, dim: int) -> np.ndarray:
    """How many filters (``dim`` 0) or input channels (``dim`` 1) of each layer have a weight that is not 0."""
    return np.array(
        [int((layer.weight != 0).transpose(0, dim).flatten(1).any(1).sum()) for layer in layers.values()], dtype=int
    )


def _uniform_filters(filters: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Filters kept per layer, int [rungs, layers]: every outcome of rounding one fraction of ``filters``.

    The layers that are ``whole``, bool [layers], keep all: the classifier.
    """
    steps = [(np.arange(1, count) + 0.5) / count for count in np.unique(filters[~whole]) if count > 1]
    steps = np.concatenate([[0.0], *steps]).astype(np.float32)
    # The original multiplies and rounds (a half to the even number) in float32: what it makes of the numbers next to
    # each step are all outcomes there are.
    zero, two = np.float32([0, 2])
    below, above = np.nextafter(steps, zero), np.nextafter(steps, two)
    fractions = np.concatenate([np.nextafter(below, zero), below, steps, above, np.nextafter(above, two)])
    kept = np.rint(fractions[:, None] * filters.astype(np.float32)).astype(int)
    kept = np.minimum(np.maximum(kept, 1), filters)
    kept[:, whole] = filters[whole]
    return np.unique(kept, axis=0)


def _best_filters(layers: dict, sensitivities: dict, filters: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Filters kept per layer, int [rungs, layers]: the best one of every layer, then the best of the whole network.

    The layers that are ``whole``, bool [layers], keep all: the classifier.
    """
    joins = []  # (score, layer) of all filters that may go
    for index, (name, layer) in enumerate(layers.items()):
        if not whole[index]:
            alive = (layer.weight != 0).flatten(1).any(1)
            own = sensitivities[name][alive].sort(descending=True).values[1:]
            joins += [(score, index) for score in own.tolist()]
    joins.sort(key=lambda join: -join[0])
    first = np.where(whole, filters, np.minimum(filters, 1))
    steps = np.zeros((len(joins) + 1, len(layers)), dtype=np.int32)
    steps[np.arange(1, len(joins) + 1), [index for _, index in joins]] = 1
    return first + steps.cumsum(0)


def _equal_error_channels(layers: dict, sensitivities: dict, area: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Input channels kept per layer, int [rungs, layers], from PFP's largest error to its smallest.

    At an error eps a layer draws m = ceil((18 + 6 eps) A / eps^2) channels with probabilities s / sum(s), where
    A = 2 c ln(8 (patches + 1) area / delta) sum(s); it keeps as many as m draws are expected to touch, rounded up,
    and at least one. Every rung is an interval of eps; its upper end is where one more channel joins.
    """
    joins = []  # (eps below which a layer has one channel more, layer)
    for index, values in enumerate(sensitivities.values()):
        total = values.sum()
        complexity = 2 * _COEFFICIENT * np.log(8 * (patches[index] + 1) * area[index] / _DELTA) * total.item()
        draws = _draws_to_touch((values / total).cpu()) if total > 0 else np.empty(0)
        # the eps at which (18 + 6 eps) A / eps^2 = draws - 1
        root = np.sqrt(36 * complexity**2 + 72 * complexity * (draws - 1))
        joins += [(eps, index) for eps in (6 * complexity + root) / (2 * (draws - 1))]
    joins.sort(key=lambda join: -join[0])
    counts = np.ones((len(joins) + 1, len(layers)), dtype=int)
    for rung, (_, index) in enumerate(joins, start=1):
        counts[rung:, index] += 1
    # Channels that join at the same eps join together.
    ends = [rung for rung in range(len(joins)) if rung == 0 or joins[rung - 1][0] > joins[rung][0]]
    return counts[[*ends, len(joins)]]


def _draws_to_touch(probabilities: torch.Tensor) -> np.ndarray:
    """How many draws are expected to touch more than 1, 2, … channels: float [k], as far as it can be reached.

    In float32, as the original computes it: a channel of which one minus its probability is 1 is never touched.
    """
    probabilities = probabilities.float()

    def touched(draws: np.ndarray) -> np.ndarray:
        expected = 1 - (1 - probabilities) ** torch.from_numpy(draws[:, None]).float()
        return expected.sum(1).numpy()

    wanted = np.arange(1, torch.count_nonzero(probabilities).item(), dtype=float)
    low, high = np.ones_like(wanted), np.full_like(wanted, 2.0**52)  # integers are exact up to there
    wanted = wanted[touched(high) > wanted]
    low, high = low[: len(wanted)], high[: len(wanted)]
    while (high - low > 1).any():
        middle = np.floor(np.where(high > 4 * low, np.sqrt(low * high), (low + high) / 2))
        enough = (touched(middle) > wanted) & (middle > low)
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high
