"""Removing what masks pruned."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from ..checks import check_network
from ..flow import tensors
from ..folding import apply
from ..layers import example_input
from ..masks import Masks
from .needed import reduce_to_needed
from .resize import Kept, resize
from .structure import UnsupportedOperation
from .trace import trace

_ROUNDING = 1e4  # how many units of rounding, of the largest output, the two networks may differ by


def shrink(network: nn.Module, masks: Masks, input_shape: tuple[int, int, int] | None = None) -> nn.Module:
    """A smaller network with the outputs that ``network`` has in ``eval()`` once ``masks`` are applied.

    Filters, input channels, batch-norm channels and features without any effect are removed. A channel has no effect if
    it is 0 for every input, or if all weights that read it are 0. Channels that are added to one another or pass a
    depthwise convolution go together or not at all; groups of a convolution go as a whole; a layer keeps at least one
    channel. Constant channels, such as the batch-norm biases that a pruned filter leaves, are merged into one. Single
    pruned weights stay in the smaller layers, as zeros.

    The result is of the same class, with the same modules and parameter names, mode (training or evaluation), device
    and type. ``save_shrunk`` and ``load_shrunk`` save and load it.

    Args:
        network: not modified; the unpruned network, or the one that the masks were applied to. Its forward may
            contain convolutions, batch norms, fully connected layers, activations, pooling, sums, products,
            concatenations, flattening and padding; where a number of channels is written in the code
            (``x.view(-1, 512)``), or channels are normalised together, they are kept whole.
        masks: from ``prune``, or a dict of parameter name -> bool tensor of the parameter's shape. With empty masks,
            only the parameters that are already 0 in ``network`` count.
        input_shape: (channels, height, width) of one input; by default common sizes are tried.

    Returns:
        The new network. Its attribute ``kept_channels`` says by module name which input and output channels of
        ``network`` are left.

    Raises:
        ValueError: masks that do not belong to the network; parameters that are not finite.
        VanishedLayer: a layer keeps no weight.
        UnsupportedOperation: the channels cannot be followed through an operation of the network, which the message
            names (a ValueError).
    """
    check_network(network)
    shrunk = copy.deepcopy(network)
    if masks:
        apply(shrunk, masks)
    masked = copy.deepcopy(shrunk).eval()
    example = example_input(masked, input_shape)
    structure = trace(masked, example)
    atoms = reduce_to_needed(shrunk, structure)
    kept = {
        name: Kept(*(np.flatnonzero(atoms[side]).tolist() for side in slots)) for name, slots in structure.slots.items()
    }
    resize(shrunk, kept)
    shrunk.kept_channels = kept
    _compare(masked, shrunk, example)
    return shrunk


@torch.no_grad()
def _compare(masked: nn.Module, shrunk: nn.Module, example: torch.Tensor) -> None:
    """A forward may use numbers of channels in ways that tracing does not show."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, *example.shape[1:], generator=generator).to(example)
    advice = "does its forward use the number of channels for anything but shapes, such as a division?"
    try:
        got = _numbers(copy.deepcopy(shrunk).eval()(images))
    except RuntimeError as error:
        raise UnsupportedOperation(f"network: it does not run with fewer channels ({error}); {advice}") from error
    for one, other in zip(got, _numbers(masked(images)), strict=True):
        difference, largest = float((one - other).abs().max()), float(other.abs().max())
        if not difference <= _ROUNDING * torch.finfo(other.dtype).eps * max(largest, 1.0):
            raise UnsupportedOperation(
                f"network: got outputs that differ by {difference:.2g} once its pruned channels are removed, expected "
                f"the masked network's; {advice}"
            )


def _numbers(outputs: object) -> list[torch.Tensor]:
    return [one for one in tensors(outputs) if one.is_floating_point()]
