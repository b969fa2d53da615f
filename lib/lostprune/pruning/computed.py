"""Weights that a forward computes from a layer's parameter: where zeros do not stay zeros, masks prune nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import nn

from .layers import WeightUses, prunable


@torch.no_grad()
def check_zeros_stay(network: nn.Module, names: Iterable[str], example: torch.Tensor) -> None:
    """Check that zeros in some weights are zeros in what the forward convolves or multiplies with, too.

    Products with a gain or conversions keep them; standardised weights do not.

    Args:
        network: in evaluation mode; not modified.
        names: of the weights of prunable layers that the forward uses in other ways than as they are.
        example: an input that it takes.

    Raises:
        ValueError: a weight, which the message names, loses its zeros.
    """
    network = copy.deepcopy(network)
    layers, generator, pruned = prunable(network), torch.Generator().manual_seed(0), {}
    for name in names:
        weight = layers[name].weight
        pruned[name] = (torch.rand(weight.shape, generator=generator) < 0.5).to(weight.device)
        weight.masked_fill_(pruned[name], 0.0)
    computed: list[torch.Tensor] = []
    with WeightUses(lambda weight, _: computed.append(weight)):
        network(example)
    for name, where in pruned.items():
        alike = [weight for weight in computed if weight.shape == where.shape and not isinstance(weight, nn.Parameter)]
        if alike and all(weight[where].any() for weight in alike):
            raise ValueError(
                f"network: the forward computes what it uses from {name!r} so that zeros do not stay zeros (such as in "
                "weight standardisation), expected the parameter itself; put in a plain layer with the computed "
                "weight, and prune that"
            )
