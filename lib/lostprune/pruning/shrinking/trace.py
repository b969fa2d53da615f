"""Following the channels of a network through every operation, with one example."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._pytree import tree_leaves, tree_map

from ...networks.tracing import symbolic
from .layers import batch_norm, convolution, fully_connected
from .operations import BY_NAME, BY_TYPE, OF_SEVERAL, PLAIN, Call, average_pooling
from .structure import Channels, Structure, UnsupportedOperation


@torch.no_grad()
def trace(network: nn.Module, example: torch.Tensor) -> Structure:
    """How the channels of ``network`` hang together, and which are constant.

    Args:
        network: in evaluation mode; not modified.
        example: an input that it takes, float [1, ...].

    Raises:
        UnsupportedOperation: the network cannot be traced, or an operation's channels cannot be followed.
    """
    try:
        graph = symbolic(network)
    except Exception as error:  # whatever a forward does with what is not a tensor
        raise UnsupportedOperation(
            f"network: {type(network).__name__}.forward cannot be traced ({type(error).__name__}: {error}); "
            "shrink needs a forward without branches that depend on the values or shapes of tensors"
        ) from error
    tracer = _Tracer(graph)
    tracer.run(example)
    structure = tracer.structure
    for name, module in network.named_modules():  # what the forward does not call, but shares a weight that it uses
        if isinstance(module, nn.Conv2d | nn.Linear) and (slots := structure.of_weight(module)) is not None:
            structure.slots.setdefault(name, slots)
    return structure


class _Tracer(fx.Interpreter):
    """Runs the network on ``Channels``."""

    def __init__(self, graph: fx.GraphModule):
        super().__init__(graph)
        self.extra_traceback = False  # errors say themselves where they come from
        self.structure = Structure()

    def run_node(self, node: fx.Node) -> object:
        self.node = node
        return super().run_node(node)

    def placeholder(self, target: str, args: tuple, kwargs: dict) -> Channels:
        tensor = super().placeholder(target, args, kwargs)
        if not isinstance(tensor, torch.Tensor):  # a further parameter's default
            return tensor
        atoms = self.structure.new_atoms(tensor.shape[1])
        self.structure.pin(atoms)
        return Channels(tensor, atoms, np.full(len(atoms), np.nan))

    def output(self, target: str, args: tuple, kwargs: dict) -> object:
        for value in tree_leaves(args):
            if isinstance(value, Channels):
                self.structure.pin(value.atoms)
        return super().output(target, args, kwargs)

    def call_module(self, target: str, args: tuple, kwargs: dict) -> object:
        module = self.fetch_attr(target)
        kind, what = type(module), f"module {target!r} ({type(module).__name__})"
        layer = {nn.Conv2d: convolution, nn.Linear: fully_connected}.get(kind)
        layer = batch_norm if isinstance(module, _BatchNorm) else layer
        if not any(isinstance(one, Channels) for one in tree_leaves((args, kwargs))):
            return module(*args, **kwargs)  # of constants only
        if layer is not None:
            got = args[0] if args else kwargs["input"]
            return layer(self.structure, target, module, got, module(got.tensor))
        if kind is nn.AvgPool2d:  # its padding is looked at as if the function had been called
            return self._follow(what, average_pooling, lambda x, **_: module(x), args, {"padding": module.padding})
        return self._follow(what, BY_TYPE.get(kind), module, args, kwargs)

    def call_function(self, target: Callable, args: tuple, kwargs: dict) -> object:
        return self._call(target.__name__, target, args, kwargs)

    def call_method(self, target: str, args: tuple, kwargs: dict) -> object:
        return self._call(target, operator.methodcaller(target, *_plain(args[1:]), **_plain(kwargs)), args, kwargs)

    def _call(self, name: str, call: Callable, args: tuple, kwargs: dict) -> object:
        if not any(isinstance(one, Channels) for one in tree_leaves((args, kwargs))) or name in PLAIN:
            method = isinstance(call, operator.methodcaller)
            result = call(_plain(args[0])) if method else call(*_plain(args), **_plain(kwargs))
            if name not in PLAIN or not isinstance(result, torch.Tensor):
                return result
        rule = BY_NAME.get(name.rstrip("_"))
        what = f"attribute {args[1]!r}" if name == "getattr" else f"operation {name!r}"
        return self._follow(f"{what} (node {self.node.name!r})", rule, call, args, kwargs)

    def _follow(self, what: str, rule: Callable | None, run: Callable, args: tuple, kwargs: dict) -> Channels:
        values = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Channels)]
        call = Call(what, values, args, kwargs, self._fixed())
        if rule is None:
            raise call.refuse(
                "expected convolutions, fully connected layers, norms, activations, pooling, sums and cat; "
                "use the masked network (pruning.apply) instead, which has the same outputs"
            )
        if len(values) > 1 and rule not in OF_SEVERAL:
            raise call.refuse(f"expected one tensor, got {len(values)}")
        method = isinstance(run, operator.methodcaller)
        result = run(_plain(args[0])) if method else run(*_plain(args), **_plain(kwargs))
        if not isinstance(result, torch.Tensor) or result.dim() < 2:
            raise call.refuse("expected one tensor, [n, channels, ...], as its result")
        known = rule(self.structure, call, result)
        if len(known.atoms) != result.shape[1]:
            raise call.refuse(f"got {result.shape[1]} channels, expected {len(known.atoms)}")
        for value in values:
            if value.tensor is result:  # in place: a later reader of the operand gets the result
                value.atoms, value.value = known.atoms, known.value
        return known

    def _fixed(self) -> bool:
        shape = tree_leaves(self.node.args[1:])
        return len(shape) > 1 and isinstance(shape[1], int) and shape[1] != -1


def _plain(values: object) -> object:
    return tree_map(lambda one: one.tensor if isinstance(one, Channels) else one, values)
