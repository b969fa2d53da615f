"""Which batch norms read what a layer puts out: where a constant in that output can be folded into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from .layers import parameter_name, prunable, twin

_ADDITIONS = (
    torch.add,
    torch.Tensor.add,
    torch.Tensor.add_,
    *(getattr(torch.Tensor, f"__{i}add__") for i in ("", "i", "r")),
)
_CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)


class Reader(NamedTuple):
    """A batch norm (by its weight's name) and its channel that the first channel of a layer's output arrives at."""

    norm: str
    start: int


def norms(network: nn.Module) -> dict[str, _BatchNorm]:
    """Every batch norm, by the name that its weight has or would have."""
    return {
        parameter_name(name, "weight"): module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm)
    }


@torch.no_grad()
def readers(network: nn.Module, example: torch.Tensor) -> dict[str, tuple[Reader, ...]]:
    """By the name of a layer's weight: the batch norms that read its output, if nothing else does.

    On its way to them the output may be added to others, concatenated with them and averaged over patches without
    padding: a constant in it passes all that as it is. So the shortcuts of pre-activation networks and the
    concatenations of dense ones have readers, too. One run of the network on ``example`` shows all this.
    """
    network = twin(network)
    flow, calls = _Flow(), Counter()

    def origin(name: str) -> Callable:
        def hook(_: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            calls[name] += 1
            flow.set(output, {(name, 0)})

        return hook

    def destination(name: str) -> Callable:
        def hook(_: nn.Module, inputs: tuple) -> None:
            calls[name] += 1
            flow.arrive(inputs[0], name)

        return hook

    for name, layer in prunable(network).items():
        layer.register_forward_hook(origin(name))
    for name, norm in norms(network).items():
        if norm.running_mean is not None:
            norm.register_forward_pre_hook(destination(name))
    with flow:
        end = network(example)
    flow.lose(_tensors(end))
    return {
        layer: tuple(found)
        for layer, found in flow.arrived.items()
        if layer not in flow.lost and all(calls[name] == 1 for name in (layer, *(reader.norm for reader in found)))
    }


class _Flow(TorchFunctionMode):
    """Follows layers' outputs through the functions that are called on them."""

    def __init__(self):
        super().__init__()
        self._carried: dict[int, tuple[torch.Tensor, set[tuple[str, int]]]] = {}  # by id; the tensor keeps it taken
        self._at_norm: int | None = None
        self.arrived: dict[str, list[Reader]] = {}
        self.lost: set[str] = set()

    def set(self, tensor: torch.Tensor, origins: set[tuple[str, int]]) -> None:
        self._carried[id(tensor)] = (tensor, origins)

    def origins(self, tensor: torch.Tensor) -> set[tuple[str, int]]:
        return self._carried.get(id(tensor), (None, set()))[1]

    def arrive(self, tensor: torch.Tensor, norm: str) -> None:
        self._at_norm = id(tensor)
        for layer, start in sorted(self.origins(tensor)):
            self.arrived.setdefault(layer, []).append(Reader(norm, start))

    def lose(self, tensors: Iterable[torch.Tensor]) -> None:
        self.lost |= {layer for tensor in tensors for layer, _ in self.origins(tensor)}

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204 (torch's signature)
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        read = [tensor for tensor in _tensors((args, kwargs)) if self.origins(tensor)]
        if not read or not list(_tensors(result)):  # such as a shape
            return result
        if function is F.batch_norm and id(read[0]) == self._at_norm:
            return result
        if function in _ADDITIONS and not kwargs and all(tensor.shape == result.shape for tensor in _tensors(args)):
            self.set(result, set().union(*(self.origins(tensor) for tensor in read)))
        elif function in _CONCATENATIONS and kwargs.get("dim", args[1] if len(args) > 1 else 0) == 1:
            start, origins = 0, set()
            for tensor in _tensors(args[0]):
                origins |= {(layer, start + inner) for layer, inner in self.origins(tensor)}
                start += tensor.shape[1]
            self.set(result, origins)
        elif function is F.avg_pool2d and kwargs.get("padding", args[3] if len(args) > 3 else 0) in (0, (0, 0)):
            self.set(result, self.origins(read[0]))
        else:
            self.lose(read)
        return result


def _tensors(value: object) -> Iterable[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _tensors(one)
