"""What layers with channels of their own do: convolutions, fully connected layers and batch norms."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .structure import Channels, Read, Slots, Structure, UnsupportedOperation, settled


def convolution(structure: Structure, name: str, module: nn.Conv2d, got: Channels, result: torch.Tensor) -> Channels:
    groups = module.groups
    slots = _slots(structure, name, module, got)
    if groups == 1:
        structure.reads.append(Read(name, slots.inputs, got.value))
    else:  # a group is kept or removed as a whole, its inputs with its outputs
        for side in slots:
            grouped = side.reshape(groups, -1)
            structure.tie(grouped, grouped[:, :1])
        structure.tie(slots.inputs.reshape(groups, -1)[:, 0], slots.outputs.reshape(groups, -1)[:, 0])
    # Beside a padding of zeros, only zeros are the same everywhere.
    padded = module.padding_mode == "zeros" and module.padding not in ("valid", (0, 0))
    spoiling = got.value != 0 if padded else np.isnan(got.value)
    by_filter = spoiling.reshape(groups, -1).repeat(module.out_channels // groups, 0)
    steady = ~(used(module) & by_filter).any(1)
    return Channels(result, slots.outputs, settled(result, steady))


def fully_connected(
    structure: Structure, name: str, module: nn.Linear, got: Channels, result: torch.Tensor
) -> Channels:
    if result.dim() != 2:
        raise UnsupportedOperation(
            f"network: layer {name!r} gets {result.dim()} dimensions, expected [n, features]; flatten before it"
        )
    slots = _slots(structure, name, module, got)
    structure.reads.append(Read(name, slots.inputs, got.value))
    steady = ~(used(module) & np.isnan(got.value)).any(1)
    return Channels(result, slots.outputs, settled(result, steady))


def batch_norm(structure: Structure, name: str, module: nn.Module, got: Channels, result: torch.Tensor) -> Channels:
    structure.place(name, module, Slots(got.atoms, got.atoms))
    # Without running statistics a batch norm divides by a deviation of about 0, where rounding shows.
    steady = ~np.isnan(got.value) if module.running_mean is not None else got.value == 0
    return Channels(result, got.atoms, settled(result, steady))


def used(module: nn.Conv2d | nn.Linear) -> np.ndarray:
    """bool [outputs, inputs of one group]: where a layer has a weight that is not 0."""
    return (module.weight.detach() != 0).reshape(*module.weight.shape[:2], -1).any(2).cpu().numpy()


def _slots(structure: Structure, name: str, module: nn.Conv2d | nn.Linear, got: Channels) -> Slots:
    return structure.place(name, module, Slots(got.atoms, structure.new_atoms(len(module.weight))))
