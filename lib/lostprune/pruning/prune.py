"""Pruning a network to a keep ratio (Algorithm 1, line 5)."""

from __future__ import annotations

import contextlib
import copy
import math
import numbers

import torch
from torch import nn

from ..choices import choose
from .allocation import ladder
from .checks import check_network, check_samples
from .connectivity import Connectivity
from .folding import folds
from .layers import FILTER_METHODS, METHODS, along, prunable, twin
from .masks import Masks, VanishedLayer, validate, vanished, zero
from .reach import PROMISED, Rung, Unreachable, reach
from .silence import silent_channels

_IMAGES = 16  # to read off constants


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
    weights whose input channel is always 0, batch-norm parameters and biases of channels that are gone and, for FT
    and PFP, weights whose input channel is constant (``apply`` folds the constant into what follows). What the
    samples find to be 0 for every one of them counts as always 0. The budget of the selection is raised until what
    is left has the size that was asked for. The original repeats the whole procedure over all samples for that; here
    the structure decides, and the samples are looked at once.

    One kind of dead part stays, unlike in the original: a filter whose sum with a shortcut is never positive, while
    a later block still adds to the channel. Without it the shortcut would come through, and the function change.

    Args:
        network: not modified. Within a chain, the network that the earlier masks were applied to.
        method: one of ``METHODS`` (Table 1 of the paper).
        keep_ratio: in (0, 1), the fraction of all parameters of the unpruned network to keep: conv and fc weights,
            biases, batch norms. ``1 - prune_ratio`` is within 0.5 % of it (relative), or as near as the method can
            get: FT and PFP move in steps of filters.
        samples: normalised network inputs, float32 [n, c, h, w], from the validation part (``sample_size`` of them in
            the paper). SiPP and PFP need them; WT and FT find dead parts by them.
        masks: what earlier steps of the chain kept. The new masks lie within them: nothing regrows.
        scores: what ``pruning.scores(network, method, samples)`` returned, to prune one network to several ratios
            without computing them each time. They replace nothing else: the samples are still looked at.

    Returns:
        Masks, on the network's device.

    Raises:
        ValueError: unknown method; a keep ratio that is not in (0, 1); no prunable layer; weights that are not
            finite (named); samples missing or of the wrong kind; masks of another network; scores of another network or
            method.
        VanishedLayer: a layer would lose its last weight (a ValueError). The message names it and the smallest keep
            ratio that can be reached.
    """
    choose("method", method, METHODS)
    if isinstance(keep_ratio, bool) or not isinstance(keep_ratio, numbers.Real) or not 0 < keep_ratio < 1:
        raise ValueError(
            f"keep_ratio: got {keep_ratio!r}, expected a number in (0, 1), the fraction of all parameters to keep; "
            "a prune ratio is one minus it"
        )
    check_network(network)
    check_samples(network, method, samples)
    earlier = masks or {}
    if earlier:
        validate(network, earlier)
        network = copy.deepcopy(network)
        zero(network, earlier)
    network = twin(network)
    everything = sum(parameter.numel() for parameter in network.parameters())
    layers = prunable(network)
    budget = int(keep_ratio * everything) - everything + sum(layer.weight.numel() for layer in layers.values())
    connectivity = Connectivity(network, None if samples is None else tuple(samples.shape[1:]))
    steps = ladder(network, method, connectivity.classifiers, samples, scores)
    drop_constants = method in FILTER_METHODS

    def selected(rung: int) -> Masks:
        return earlier | {name: mask & earlier.get(name, True) for name, mask in steps.masks(rung).items()}

    def with_selection(rung: int) -> nn.Module:
        chosen = copy.deepcopy(network)
        zero(chosen, selected(rung))
        return chosen

    def alive(rung: int, silent: dict[str, torch.Tensor]) -> Masks:
        kept = selected(rung)
        kept |= {name: kept[name] & ~along(channels, 1, kept[name]) for name, channels in silent.items()}
        return connectivity.live(connectivity.without_constants(kept) if drop_constants else kept)

    def search(silent: dict[str, torch.Tensor], guess: int) -> Rung:
        return reach(lambda rung: alive(rung, silent), keep_ratio * everything, everything, guess, steps.top)

    try:
        found = search({}, min(max(steps.nearest(budget), 0), steps.top))
    except Unreachable as reason:
        cause = vanished(selected(reason.number)) if reason.number >= 0 else None
        raise VanishedLayer(_explain(keep_ratio, method, cause or reason.layer, reason.smallest, everything)) from None
    if samples is not None:
        foldable = [name for name in layers if drop_constants and connectivity.foldable(name)]
        chosen = with_selection(found.number)
        silent = silent_channels(chosen, found.masks, samples, connectivity.followed, foldable)
        with contextlib.suppress(Unreachable):  # a whole layer is silent; retraining may wake it
            awake = search(silent, found.number) if silent else found
            # Where too much is silent, the ratio that was asked for counts for more: the silent parts stay.
            missed, missed_awake = (abs(one.size / everything - keep_ratio) for one in (found, awake))
            found = awake if missed_awake <= max(missed, PROMISED * keep_ratio) else found
    if drop_constants:
        images = connectivity.example if samples is None else samples[:_IMAGES].to(connectivity.example.device)
        chosen = with_selection(found.number)
        found.masks.folds = folds(chosen, selected(found.number), found.masks, images, connectivity)
    return found.masks


def _explain(keep_ratio: float, method: str, layer: str, smallest: int | None, everything: int) -> str:
    if smallest is None:
        return (
            f"network: {layer!r} is already without a weight that is not 0 and connected, expected at least one in "
            "every layer; go back to a network that was pruned less"
        )
    ratio = math.ceil(smallest / everything * 1e5) / 1e5
    return (
        f"keep_ratio: got {keep_ratio:g}, but {method} would take the last weight of {layer!r}; the smallest it can "
        f"reach is {ratio:g}. Ask for that or more, or prune in smaller steps with retraining in between"
    )
