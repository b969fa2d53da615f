"""Applying masks: pruned parameters become 0, and constants that they carried move into what follows."""

from __future__ import annotations

import copy
import itertools
import weakref
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .connectivity import Connectivity, norms
from .layers import along, prunable
from .masks import Masks, validate, zero

# The masks that each network has been given last: they are checked and folded once, not after every training step.
_applied: weakref.WeakKeyDictionary[nn.Module, Masks] = weakref.WeakKeyDictionary()


def apply(network: nn.Module, masks: Masks) -> None:
    """Set the pruned parameters of ``network`` to exactly 0, in place.

    The first call with ``masks`` (as ``prune`` returned them) checks them and folds constants. A filter that is pruned leaves a channel with the
    same value everywhere and for every input (what its batch norm makes of 0); ``prune`` lets the weights that read
    such a channel go, too. So that this does not change the function,

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
    constant = {name: channels for name, channels in getattr(masks, "constant", {}).items() if channels.any()}
    dead_norms = [name for name in norms(network) if name in masks and not masks[name].all()]
    if not dead_norms and not constant:
        return
    connectivity = Connectivity(network)
    varying = connectivity.varying(masks)
    # One pass through a copy, from the input on: every constant is met where it is, after what precedes is folded.
    folded = copy.deepcopy(network).eval()
    folded_norms = norms(folded)

    def at_layer(name: str, layer: nn.Module) -> Callable:
        def hook(_: nn.Module, inputs: tuple) -> None:
            if name in constant:
                weight = layer.weight * ~masks[name]
                values = torch.where(constant[name], _channel_values(inputs[0], layer), 0.0)
                offset = (weight * along(values, 1, weight)).flatten(1).sum(1)
                offset *= masks[name].flatten(1).any(1)  # a filter that is pruned as a whole has nothing to keep
                if layer.bias is not None:
                    layer.bias += offset
                elif name in connectivity.norm_after:
                    folded_norms[connectivity.norm_after[name]].running_mean -= offset
            layer.weight *= masks[name]

        return hook

    def at_norm(name: str, norm: _BatchNorm) -> Callable:
        def hook(_: nn.Module, inputs: tuple) -> None:
            if norm.running_mean is None:  # it makes 0 of a constant by itself
                return
            gone = ~masks[name] & ~varying[name]
            value = _channel_values(inputs[0], norm)
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            norm.bias += torch.where(gone, scale * (value - norm.running_mean), 0.0)
            norm.weight *= ~gone

        return hook

    for name, layer in prunable(folded).items():
        layer.register_forward_pre_hook(at_layer(name, layer))
    for name in dead_norms:
        folded_norms[name].register_forward_pre_hook(at_norm(name, folded_norms[name]))
    folded(connectivity.example)
    for target, source in zip(_tensors(network), _tensors(folded), strict=True):
        target.copy_(source)


def _tensors(network: nn.Module) -> Iterator[torch.Tensor]:
    return itertools.chain(network.parameters(), network.buffers())


def _channel_values(inputs: torch.Tensor, module: nn.Module) -> torch.Tensor:
    """One value per channel of a module's input, the mean over the rest: exact for channels that are constant."""
    if not isinstance(module, nn.Linear):
        inputs = inputs.movedim(1, -1)
    return inputs.flatten(0, -2).mean(0)
