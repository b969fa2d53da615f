"""Layers with fewer channels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn


class Kept(NamedTuple):
    """The input and output channels of a module that are kept, as indices, ascending."""

    inputs: list[int]
    outputs: list[int]


def resize(network: nn.Module, kept: dict[str, Kept]) -> None:
    """Remove all other channels of the named convolutions, fully connected layers and batch norms, in place.

    Layers that shared a weight share the smaller one. A convolution with groups loses whole groups.
    """
    smaller: dict[int, nn.Parameter] = {}

    def select(parameter: torch.Tensor | None, channels: list[int], dim: int = 0) -> torch.Tensor | None:
        return (
            parameter
            if parameter is None
            else parameter.index_select(dim, torch.tensor(channels, device=parameter.device))
        )

    def replace(module: nn.Module, name: str, value: torch.Tensor | None) -> None:
        old = getattr(module, name)
        if old is not None:
            if id(old) not in smaller:
                smaller[id(old)] = nn.Parameter(value.detach(), old.requires_grad)
            setattr(module, name, smaller[id(old)])

    for name, channels in kept.items():
        module = network.get_submodule(name)
        weight = select(module.weight, channels.outputs)
        if isinstance(module, nn.Conv2d):
            if module.groups == 1:
                weight = select(weight, channels.inputs, 1)
            else:
                module.groups = len(channels.outputs) // (module.out_channels // module.groups)
            module.in_channels, module.out_channels = map(len, channels)
        elif isinstance(module, nn.Linear):
            weight = select(weight, channels.inputs, 1)
            module.in_features, module.out_features = map(len, channels)
        else:
            module.num_features = len(channels.outputs)
            for statistics in ("running_mean", "running_var"):
                setattr(module, statistics, select(getattr(module, statistics), channels.outputs))
        replace(module, "bias", select(module.bias, channels.outputs))
        replace(module, "weight", weight)
