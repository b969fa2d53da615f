"""Applying masks: pruned parameters become 0, and constants that they carried move into what follows."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import torch
from torch import nn

from .connectivity import Connectivity
from .layers import along, channels_last, prunable, watch_input
from .masks import Fold, Masks, validate, zero
from .readers import norms

# The masks that each network has been given last: they are checked and folded once, not after every training step.
_applied: weakref.WeakKeyDictionary[nn.Module, Masks] = weakref.WeakKeyDictionary()


def apply(network: nn.Module, masks: Masks) -> None:
    """Set the pruned parameters of ``network`` to exactly 0, in place.

    The first call with ``masks`` (as ``prune`` returned them) checks them and folds constants. A pruned filter leaves a
    channel with the same value everywhere and for every input (its batch norm's output for 0). ``prune`` also removes
    the weights that read such a channel. To keep the function as it is,

    - what these weights contributed is added to the bias of their layer, or subtracted from the running means of the
      batch norms that alone read the layer's output, through shortcuts and concatenations, too; layers that have
      neither keep such weights (``prune``);
    - where a batch norm's weight goes because its input is constant, its bias takes over the constant and stays as
      long as anything reads it (in a residual network, the other branches' channel).

    The function in ``eval()`` then stays the same up to rounding, with one exception: at the border of a zero-padded
    convolution, the padding no longer interrupts the constant. In training, batch norms see other means anyway.

    Later calls with the same ``masks`` object only multiply. They are fast enough for every step of an optimizer, and
    read nothing back from the device.

    Raises:
        ValueError: masks that do not belong to the network (``validate``).
        VanishedLayer: a layer keeps no weight.
    """
    if _applied.get(network) is not masks:
        validate(network, masks)
        _fold(network, masks)
        _applied[network] = masks
    zero(network, masks)


@torch.no_grad()
def _fold(network: nn.Module, masks: Masks) -> None:
    """It finds nothing to do where the pruned weights are 0 already, and may be repeated."""
    for name, fold in getattr(masks, "folds", {}).items():
        pruned = network.get_parameter(name) * ~masks[name]
        offset = (pruned * along(fold.values, 1, pruned)).flatten(1).sum(1)
        offset *= masks[name].flatten(1).any(1)  # a filter that is pruned as a whole has nothing to keep
        for target, start in fold.into:
            if target.endswith("bias"):
                network.get_parameter(target).add_(offset)
            else:
                network.get_buffer(target)[start : start + len(offset)].sub_(offset)
    for name, norm in norms(network).items():
        if name in masks and norm.running_mean is not None and norm.bias is not None:
            # Its input is 0 where its weight goes; what it makes of 0 is a constant for its bias.
            norm.bias -= ~masks[name] * norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
            norm.weight *= masks[name]


@torch.no_grad()
def folds(
    network: nn.Module, selected: Masks, masks: Masks, images: torch.Tensor, connectivity: Connectivity
) -> dict[str, Fold]:
    """What to fold when ``masks`` go beyond what was ``selected``: whole input channels, because they are constant.

    Args:
        network: with the selection applied; it is used up.
        images: some network inputs; a constant shows in any of them.
    """
    values: dict[str, torch.Tensor] = {}

    def watch(name: str, layer: nn.Module, dropped: torch.Tensor) -> Callable:
        def see(inputs: torch.Tensor) -> None:
            values[name] = channels_last(inputs, layer).flatten(0, -2).mean(0) * dropped

        return see

    for name, layer in prunable(network).items():
        before, after = (some[name].transpose(0, 1).flatten(1).any(1) for some in (selected, masks))
        if connectivity.foldable(name) and (before & ~after).any():
            watch_input(layer, watch(name, layer, before & ~after))
    network(images)
    into = {
        name: tuple((reader.norm.removesuffix("weight") + "running_mean", reader.start) for reader in readers)
        for name, readers in connectivity.readers.items()
    }
    for name in values:
        if prunable(network)[name].bias is not None:
            into[name] = ((name.removesuffix("weight") + "bias", 0),)
    return {name: Fold(constants, into[name]) for name, constants in values.items()}
