"""Recording what a network does with one input, as steps between values."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .calls import Call, steps, tensors, unknown
from .steps import Kept, Step, Value

# Functions that ask for something else than what is in a tensor.
_QUESTIONS = frozenset(
    """size dim numel nelement stride len is_contiguous is_floating_point is_complex element_size get_device ndimension
    type data_ptr storage_offset is_inference is_same_size get hash""".split()
)
# Functions whose result depends on the shape of a tensor only.
_FACTORIES = frozenset(
    """zeros_like ones_like empty_like full_like rand_like randn_like new_zeros new_ones new_empty new_full""".split()
)


class Flow:
    """What ``record`` found.

    Attributes:
        steps: in the order of execution.
        outputs: the values that the network returns.
        used: the names of all parameters that a step reads, in the order of their first use.
        opaque: the names of parameters that are used in other ways than as the weight or bias of a ``Layer`` or
            ``Norm``: nothing follows from their zeros.
        doubtful: whether the forward reads numbers out of tensors. It may do anything with them, such as branch.
    """

    def __init__(self):
        self.steps: list[Step] = []
        self.values: list[Value] = []
        self.outputs: list[Value] = []
        self.used: dict[str, None] = {}
        self.opaque: set[str] = set()
        self.doubtful = False

    def forward(self, kept: Kept, varies: bool = True) -> None:
        """Find ``nonzero`` and ``varies`` of all values.

        Args:
            varies: whether the network's input does; if not, what still varies does so from position to position.
        """
        self.values[0].varies[:] = varies
        for step in self.steps:
            step.forward(kept)

    def backward(self, kept: Kept) -> None:
        """Find ``reaching`` of all values, after ``forward``."""
        for value in self.values:
            value.reaching = np.zeros(value.size, bool)
        for output in self.outputs:
            output.reaching[:] = True
        for step in reversed(self.steps):
            step.backward(kept)


def record(network: nn.Module, example: torch.Tensor) -> Flow:
    """Run a network on one input and note its steps.

    Args:
        network: in evaluation mode; not modified.
        example: an input that it takes, [1, channels, height, width].

    Raises:
        ValueError: it returns no tensor.
    """
    recorder = _Recorder(network, example)
    with torch.inference_mode(False), torch.no_grad():  # whatever the caller is in
        with recorder:
            end = network(example)
        recorder.finish(end)
    return recorder.flow


class _Recorder(TorchFunctionMode):
    def __init__(self, network: nn.Module, example: torch.Tensor):
        super().__init__()
        self.flow = Flow()
        self._parameters = {id(parameter): name for name, parameter in network.named_parameters()}
        self._names = self._parameters | {id(buffer): name for name, buffer in network.named_buffers()}
        # By id: the tensor, which keeps the id taken, its version, and what is known of it.
        self._bound: dict[int, tuple[torch.Tensor, int, Value | None]] = {}
        self._bind(example, self._new(Value(-3, example.shape[1])))

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204 (torch's signature)
        kwargs = kwargs or {}
        given = list(tensors((args, kwargs)))
        versions, shapes = [_version(one) for one in given], {id(one): one.shape for one in given}
        result = function(*args, **kwargs)
        changed = [one for one, version in zip(given, versions, strict=True) if _version(one) != version]
        call = Call(
            function=function,
            name=getattr(function, "__name__", "").strip("_"),
            args=args,
            kwargs=kwargs,
            tensors=given,
            shapes=shapes,
            results=list(tensors(result)),
            value=self._value,
            parameter=lambda tensor: self._names.get(id(tensor)),
        )
        if call.results and not changed and all(any(one is other for other in given) for one in call.results):
            return result  # nothing new
        if call.results or changed or call.name not in _QUESTIONS:
            self._note(call, changed)
        return result

    def finish(self, end: object) -> None:
        values = [self._value(one) for one in tensors(end)]
        if not values:
            raise ValueError(
                f"network: forward returned a {type(end).__name__}, expected a tensor or a tuple, list or dict of them"
            )
        self.flow.outputs = [value for value in values if value is not None]
        self.flow.doubtful |= not self.flow.outputs

    def _note(self, call: Call, changed: list[torch.Tensor]) -> None:
        parameters = [self._parameters[id(one)] for one in call.tensors if id(one) in self._parameters]
        depends = call.name not in _FACTORIES and any(self._value(one) is not None for one in call.tensors)
        found = steps(call) if depends else []
        slots = {name for step in found for name in (getattr(step, "weight", None), getattr(step, "bias", None))}
        self.flow.used |= dict.fromkeys(parameters)
        self.flow.opaque |= set(parameters) - slots
        self.flow.doubtful |= depends and not call.results and not changed  # numbers were read
        self.flow.steps += found
        values = [self._new(value) for step in found for value in step.results] or [None] * len(call.results)
        for result, value in zip(call.results, values, strict=True):
            self._bind(result, value)
        if changed:
            self._spoil(call, changed, depends)

    def _spoil(self, call: Call, changed: list[torch.Tensor], depends: bool) -> None:
        """After a change in place, a value that is no result can be anything, and so can all that shares its memory."""
        spoiled = [(tensor, value) for tensor, version, value in self._bound.values() if _version(tensor) != version]
        spoiled += [(tensor, None) for tensor in changed if id(tensor) not in self._bound]
        for tensor, value in spoiled:
            if depends or value is not None:
                step = unknown(call)
                step.sources += [] if value is None else [value]
                step.results = (value := self._new(Value()),)
                self.flow.steps.append(step)
            self._bind(tensor, value)

    def _new(self, value: Value) -> Value:
        self.flow.values.append(value)
        return value

    def _bind(self, tensor: torch.Tensor, value: Value | None) -> None:
        self._bound[id(tensor)] = (tensor, _version(tensor), value)

    def _value(self, tensor: torch.Tensor) -> Value | None:
        if id(tensor) not in self._bound and id(tensor) not in self._names:
            # Where it comes from did not show: it may be made of all that there is so far.
            step = Step(list(self.flow.values), self._new(Value()))
            self.flow.steps.append(step)
            self._bind(tensor, step.result)
        return self._bound[id(tensor)][2] if id(tensor) in self._bound else None


def _version(tensor: torch.Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version
