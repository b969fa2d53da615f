"""Applying masks: pruned parameters become 0, and constants that they carried move into what follows."""

from __future__ import annotations

import copy
import itertools
import weakref
from collections.abc import Callable, Iterator

import torch
from torch import nn

from .connectivity import Connectivity, norms
from .layers import along, example_input, prunable
from .masks import Masks, validate, zero

# The masks that each network has been given last: they are checked and folded once, not after every training step.
_applied: weakref.WeakKeyDictionary[nn.Module, Masks] = weakref.WeakKeyDictionary()


def apply(network: nn.Module, masks: Masks) -> None:
    """Set the pruned parameters of ``network`` to exactly 0, in place.

    The first call with ``masks`` (as ``prune`` returned them) checks them and folds constants. A filter that is pruned
    leaves a channel with the same value everywhere and for every input (what its batch norm makes of 0); ``prune``
    lets the weights that read such a channel go, too. So that this does not change the function,

    - what these weights contributed is added to the bias of their layer, or subtracted from the running mean of the
      batch norm that alone reads the layer's output; layers that have neither keep such weights (``prune``);
    - where a batch norm's weight goes because its input is constant, its bias takes over the constant and stays as
      long as anything reads it (in a residual network, the other branches' channel).

    The function in ``eval()`` then stays as it was, exactly up to rounding, but for one thing: at the border of a
    zero-padded convolution the constant used to meet the padding, and the folded one does not. In training, batch
    norms see other means anyway.

    Later calls with the same ``masks`` object only multiply: they are meant for every step of an optimizer, and read
    nothing back from the device.

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
    if any(channels.any() for channels in getattr(masks, "constant", {}).values()):
        _fold_constants(network, masks)
    for name, norm in norms(network).items():
        if name in masks and norm.running_mean is not None:
            # Its input is 0 where its weight goes; what it makes of 0 is a constant for its bias.
            gone = ~masks[name]
            norm.bias -= gone * norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
            norm.weight *= masks[name]


def _fold_constants(network: nn.Module, masks: Masks) -> None:
    """One pass through a copy, from the input on: every constant is read behind what is folded already."""
    norm_after = Connectivity(network).norm_after
    folded = copy.deepcopy(network).eval()
    folded_norms = norms(folded)

    def fold_at(name: str) -> Callable:
        def hook(layer: nn.Conv2d | nn.Linear, inputs: tuple) -> None:
            if name in masks.constant:
                weight = layer.weight * ~masks[name]
                values = torch.where(masks.constant[name], _channel_values(inputs[0], layer), 0.0)
                offset = (weight * along(values, 1, weight)).flatten(1).sum(1)
                offset *= masks[name].flatten(1).any(1)  # a filter that is pruned as a whole has nothing to keep
                if layer.bias is not None:
                    layer.bias += offset
                else:
                    folded_norms[norm_after[name]].running_mean -= offset
            layer.weight *= masks.get(name, True)

        return hook

    for name, layer in prunable(folded).items():
        layer.register_forward_pre_hook(fold_at(name))
    folded(example_input(network))
    for target, source in zip(_tensors(network), _tensors(folded), strict=True):
        target.copy_(source)


def _tensors(network: nn.Module) -> Iterator[torch.Tensor]:
    return itertools.chain(network.parameters(), network.buffers())


def _channel_values(inputs: torch.Tensor, module: nn.Module) -> torch.Tensor:
    """One value per channel of a module's input, the mean over the rest: exact for channels that are constant."""
    if not isinstance(module, nn.Linear):
        inputs = inputs.movedim(1, -1)
    return inputs.flatten(0, -2).mean(0)
