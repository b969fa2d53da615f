"""Which channels of a network can only go together, who reads them, and which of them are constant.

Every channel that some layer makes is an atom. Operations that need equal numbers of channels (sums, batch norms,
depthwise convolutions) tie atoms to one another; tied atoms make a class, and classes are kept or removed as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class UnsupportedOperation(ValueError):
    """A network does something with channels that cannot be followed; the message names the operation."""


@dataclass
class Channels:
    """A tensor inside the network, and what is known of its channels (dimension 1).

    Attributes:
        tensor: [n, channels, ...], of one example.
        atoms: int64 [channels].
        value: float64 [channels], the value that a channel has everywhere and for every input; NaN if it varies.
    """

    tensor: torch.Tensor
    atoms: np.ndarray
    value: np.ndarray


class Read(NamedTuple):
    """One use of a convolution (without groups) or fully connected layer.

    Attributes:
        layer: the module's name.
        atoms: int64 [inputs].
        value: float64 [inputs], as in ``Channels``.
    """

    layer: str
    atoms: np.ndarray
    value: np.ndarray


class Slots(NamedTuple):
    """The atoms of a module's input and output channels, int64 each."""

    inputs: np.ndarray
    outputs: np.ndarray


@dataclass
class Structure:
    """What tracing a network collects.

    Attributes:
        slots: the channels of convolutions, fully connected layers and batch norms, by module name.
        reads: in the order of execution.
    """

    slots: dict[str, Slots] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    _count: int = 0
    _ties: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    _pinned: list[np.ndarray] = field(default_factory=list)
    _of_weight: dict[int, Slots] = field(default_factory=dict)
    _of_bias: dict[int, np.ndarray] = field(default_factory=dict)

    def new_atoms(self, count: int) -> np.ndarray:
        self._count += count
        return np.arange(self._count - count, self._count)

    def tie(self, some: np.ndarray, others: np.ndarray) -> None:
        """Keep or remove each of ``some`` with its partner (the arrays broadcast)."""
        self._ties.append(tuple(part.ravel() for part in np.broadcast_arrays(some, others)))

    def pin(self, atoms: np.ndarray) -> None:
        """Keep ``atoms`` whatever happens."""
        self._pinned.append(atoms)

    def place(self, name: str, module: torch.nn.Module, slots: Slots) -> Slots:
        """Note a module's channels. A module that is used twice, or shares its weight, has the same ones each time.

        One that shares its bias has the same outputs.
        """
        for known in (self.slots.setdefault(name, slots), self.of_weight(module) or slots):
            self.tie(known.inputs, slots.inputs)
            self.tie(known.outputs, slots.outputs)
        if module.weight is not None:
            self._of_weight.setdefault(id(module.weight), slots)
        if module.bias is not None:
            self.tie(self._of_bias.setdefault(id(module.bias), slots.outputs), slots.outputs)
        return slots

    def of_weight(self, module: torch.nn.Module) -> Slots | None:
        """The channels of the weight that a module has, if any has been placed with it."""
        return self._of_weight.get(id(module.weight))

    def classes(self) -> np.ndarray:
        """int [atoms], the class of each atom."""
        ties = np.concatenate([np.stack(pair) for pair in self._ties], 1) if self._ties else np.empty((2, 0), int)
        graph = coo_array((np.ones(ties.shape[1], bool), (ties[0], ties[1])), shape=(self._count, self._count))
        return connected_components(graph, directed=False)[1]

    def pinned(self) -> np.ndarray:
        """The atoms that must stay: those of the network's inputs and outputs, and where an operation needs all."""
        return np.concatenate(self._pinned) if self._pinned else np.empty(0, int)


def settled(result: torch.Tensor, where: np.ndarray) -> np.ndarray:
    """The constants of a result: ``where`` they are expected and it is indeed the same at every position."""
    places = result.detach().movedim(1, 0).flatten(1)
    uniform = (places == places[:, :1]).all(1)
    return np.where(where & uniform.cpu().numpy(), places[:, 0].double().cpu().numpy(), np.nan)
