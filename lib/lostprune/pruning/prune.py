"""Pruning a network to a keep ratio (Algorithm 1, line 5)."""

from __future__ import annotations

import copy
import logging
import math
import numbers

import torch
from torch import nn

from .allocation import ladder
from .checks import check_network, check_samples
from .connectivity import Connectivity
from .layers import prunable, twin
from .masks import Masks, VanishedLayer, validate, vanished, zero
from .reach import Unreachable
from .registry import check_method
from .search import Missed, Search

log = logging.getLogger("lostprune")


def prune(
    network: nn.Module,
    method: str,
    keep_ratio: float,
    samples: torch.Tensor | None = None,
    masks: Masks | None = None,
    scores: dict[str, torch.Tensor] | None = None,
) -> Masks:
    """The masks with which ``method`` prunes ``network`` to ``keep_ratio`` (Algorithm 1, line 5).

    The method's selection (``select``) is followed by the removal of dead parts: what no longer reaches the output,
    weights whose input channel is always 0, batch-norm parameters and biases of channels that are gone and, for FT and
    PFP, weights whose input channel is constant (``apply`` folds the constant into the next layers). A channel that is
    0 for every sample counts as always 0. The budget of the selection is raised until the remaining network has the
    requested size.

    A part counts as dead only if nothing changes without it. Unknown operations count as passing everything on. Before
    dead parts are removed, the outputs with and without them are compared, with random weights and on some samples. If
    in doubt they stay. Layers that the forward does not call, or uses in another way, stay too.

    One kind of dead part stays, unlike in the original: a filter whose sum with a shortcut is never positive, while a
    later block still adds to the channel. Without it the shortcut would pass, and the function would change.

    Args:
        network: not modified. Within a chain, pass the network after the earlier masks were applied.
        method: one of ``METHODS`` (Table 1 of the paper), or one that was registered.
        keep_ratio: in (0, 1), the fraction of all parameters of the unpruned network to keep: conv and fc weights,
            biases, batch norms. ``1 - prune_ratio`` is within 0.5 % of it (relative), or as near as the method can get.
            A warning in the log ``lostprune`` then gives the reason: FT and PFP remove whole filters, SiPP and PFP keep
            nothing that no sample reaches. A study logs steps of filters at level INFO, and other reasons once for each
            chain.
        samples: normalised network inputs, float32 (or the network's type) [n, c, h, w], from the validation part
            (``sample_size`` of them in the paper). SiPP and PFP need them. WT and FT use them to find dead parts.
        masks: the masks of earlier steps of the chain. The new masks lie within them: nothing grows back.
        scores: the result of ``pruning.scores(network, method, samples)``. Pass it to prune one network to several
            ratios without computing it each time. The samples are still needed for dead parts.

    Returns:
        Masks, on the network's device.

    Raises:
        ValueError: unknown method; a keep ratio that is not in (0, 1); a network that cannot be pruned (no prunable
            layer, a wrapper such as nn.DataParallel, and by name: computed weights, weights that are not finite or not
            float32 or float64); samples missing or of the wrong kind; masks of another network; scores of another
            network or method.
        VanishedLayer: a layer would lose its last weight (a ValueError). The message names it and the smallest keep
            ratio that can be reached.
    """
    found, missed = attempt(network, method, keep_ratio, samples, masks, scores)
    if missed:
        log.warning("%s", missed.text)
    return found


def attempt(
    network: nn.Module,
    method: str,
    keep_ratio: float,
    samples: torch.Tensor | None = None,
    masks: Masks | None = None,
    scores: dict[str, torch.Tensor] | None = None,
) -> tuple[Masks, Missed | None]:
    """As ``prune``, but return the reason for a missed keep ratio (more than half a percent) instead of logging it."""
    check_method("method", method)
    if isinstance(keep_ratio, bool) or not isinstance(keep_ratio, numbers.Real) or not 0 < keep_ratio < 1:
        raise ValueError(
            f"keep_ratio: got {keep_ratio!r}, expected a number in (0, 1), the fraction of all parameters to keep; "
            "a prune ratio is one minus it"
        )
    check_network(network)
    check_samples(network, method, samples)
    if masks:
        validate(network, masks)
        network = copy.deepcopy(network)
        zero(network, masks)
    network = twin(network)
    everything = sum(parameter.numel() for parameter in network.parameters())
    asked = keep_ratio * everything
    if samples is not None:
        samples = samples.to(next(network.parameters()))
    connectivity = Connectivity(network, None if samples is None else samples.shape[1:])
    steps = ladder(network, method, connectivity.classifiers, samples, scores)
    search = Search(network, method, steps, Masks(masks or {}), connectivity, samples)
    budget = int(asked) - everything + sum(layer.weight.numel() for layer in prunable(network).values())
    try:
        found = search.find(asked, min(max(steps.nearest(budget), 0), steps.top))
    except Unreachable as reason:
        cause = vanished(search.selected(reason.number)) if reason.number >= 0 else None
        raise VanishedLayer(_explain(keep_ratio, method, cause or reason.layer, reason.smallest, everything)) from None
    return found.masks, search.missed(found, asked)


def _explain(keep_ratio: float, method: str, layer: str, smallest: int | None, everything: int) -> str:
    if smallest is None:
        return (
            f"network: {layer!r} is already without a weight that is not 0 and connected, expected at least one in "
            "every layer; go back to a network that was pruned less, or, if this one is not pruned, train it first or "
            "leave the layer out"
        )
    ratio = math.ceil(smallest / everything * 1e5) / 1e5
    return (
        f"keep_ratio: got {keep_ratio:g}, but {method} would take the last weight of {layer!r}; the smallest it can "
        f"reach is {ratio:g}. Ask for that or more, or prune in smaller steps with retraining in between"
    )
