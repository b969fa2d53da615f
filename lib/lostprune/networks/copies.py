"""Copies of networks whose weights are computed before each call."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils import prune


def copied(network: nn.Module) -> nn.Module:
    """A deep copy, also where ``torch.nn.utils.prune`` or ``weight_norm`` computes weights: torch copies no results.

    What ``torch.nn.utils.prune`` masked is a parameter with zeros in the copy.
    """
    results = {
        id(value): value.detach().clone()
        for module in network.modules()
        for value in (vars(module) | module._buffers).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    network = copy.deepcopy(network, results)
    for module in network.modules():
        for hook in list(module._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)
    return network
