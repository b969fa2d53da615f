"""Which channels have an effect, and which constant ones can stand for others."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import torch
from torch import nn

from .layers import used
from .structure import Structure

_ALIKE = 1e-3  # how much smaller the constant that stands for others may be


@torch.no_grad()
def reduce_to_needed(network: nn.Module, structure: Structure) -> np.ndarray:
    """Which atoms to keep, bool [atoms]; some weights of ``network`` change so that the others have no effect.

    - A class of channels goes if for every layer that reads it the weights are 0, or the channel is, as far as the
      layer's own outputs are needed. Channels of the inputs and outputs stay.
    - Where a layer would be left with nothing, one of its channels stays, with no effect on anything.
    - Of constant channels that the same layers read one stays, and its weights take over what the others did.
    """
    classes = structure.classes()
    _merge_constants(network, structure, classes, _needed(network, structure, classes))
    return _fill(network, structure, classes, _needed(network, structure, classes))[classes]


def _needed(network: nn.Module, structure: Structure, classes: np.ndarray) -> np.ndarray:
    """bool [classes]: the smallest set that holds all that its own members and the outputs read."""
    needed = np.zeros(classes.max() + 1, bool)
    needed[classes[structure.pinned()]] = True
    reads = []
    for layer, atoms, value in reversed(structure.reads):
        weights = used(network.get_submodule(layer)) & (value != 0)
        reads.append((classes[structure.slots[layer].outputs], classes[atoms], weights))
    before = -1
    while before != (before := int(needed.sum())):
        for outputs, inputs, weights in reads:
            needed[inputs[weights[needed[outputs]].any(0)]] = True
    return needed


def _fill(network: nn.Module, structure: Structure, classes: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """``needed`` and as many more that no module is left with nothing; nobody reads what these are."""
    kept = needed.copy()
    for slots in structure.slots.values():
        for side in slots:
            if not kept[classes[side]].any():
                kept[classes[side[0]]] = True
    for read in structure.reads:
        columns = _tensor((kept & ~needed)[classes[read.atoms]], network, read.layer)
        network.get_submodule(read.layer).weight[:, columns] = 0
    return kept


def _merge_constants(network: nn.Module, structure: Structure, classes: np.ndarray, needed: np.ndarray) -> None:
    """Of constant channels that the same layers read, one gets the weights of all and the others weights of 0.

    It holds at the border of padded convolutions, too: there all of them are cut alike.
    """
    for group in _alike(network, structure, classes, needed):
        # [classes of the group, columns] of every layer that reads them
        places = {number: np.array([where[number] for where in group]) for number in group[0]}
        values = {number: structure.reads[number].value[those] for number, those in places.items()}
        sizes = np.concatenate([np.abs(those) for those in values.values()], 1)
        largest = sizes.max(0)
        share = np.divide(sizes, largest, out=np.ones_like(sizes), where=largest > 0).min(1)
        chosen = int(share.argmax())
        if share[chosen] < _ALIKE:
            continue
        for number, those in places.items():
            layer = structure.reads[number].layer
            weight = network.get_submodule(layer).weight
            factors = np.divide(
                values[number],
                values[number][chosen],
                out=np.zeros_like(sizes[:, : those.shape[1]]),
                where=values[number][chosen] != 0,
            )
            columns, factors = (_tensor(part, network, layer) for part in (those, factors))
            factors = factors.to(weight.dtype).view(1, *factors.shape, *[1] * (weight.dim() - 2))
            together = (weight[:, columns] * factors).sum(1)  # over the group: [outputs, columns, ...]
            weight[:, columns.flatten()] = 0
            weight[:, columns[chosen]] = together


def _alike(
    network: nn.Module, structure: Structure, classes: np.ndarray, needed: np.ndarray
) -> list[list[dict[int, list[int]]]]:
    """Groups of constant classes that the same layers read: of each class, its columns by the number of the read."""
    constant = needed.copy()
    constant[classes[structure.pinned()]] = False
    uses = Counter(id(network.get_submodule(read.layer).weight) for read in structure.reads)
    for read in structure.reads:
        shared = uses[id(network.get_submodule(read.layer).weight)] > 1  # one weight cannot follow two constants
        constant[classes[read.atoms if shared else read.atoms[np.isnan(read.value)]]] = False
    columns: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, read in enumerate(structure.reads):
        for column in np.flatnonzero(constant[classes[read.atoms]]):
            columns[classes[read.atoms[column]]][number].append(int(column))
    groups = defaultdict(list)
    for where in columns.values():
        groups[tuple((number, len(those)) for number, those in where.items())].append(where)
    return [group for group in groups.values() if len(group) > 1]


def _tensor(values: np.ndarray, network: nn.Module, layer: str) -> torch.Tensor:
    return torch.from_numpy(values).to(network.get_submodule(layer).weight.device)
