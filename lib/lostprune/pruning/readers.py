"""Which batch norms read what a layer puts out: where a constant in that output can be folded into."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .flow import Combine, Concatenate, Flow, Layer, Norm, Step, Through, Value
from .layers import parameter_name


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


def readers(flow: Flow) -> dict[str, tuple[Reader, ...]]:
    """By the name of a layer's weight: the batch norms that read its output, if nothing else does.

    On its way to them the output may be added to others, concatenated with them and averaged over patches without
    padding: a constant in it passes all that as it is. So the shortcuts of pre-activation networks and the
    concatenations of dense ones have readers, too.
    """
    following: dict[Value, list[tuple[int, Step]]] = defaultdict(list)
    for number, step in enumerate(flow.steps):
        for source in dict.fromkeys(step.sources):
            following[source].append((number, step))
    layers = Counter(step.weight for step in flow.steps if isinstance(step, Layer))
    means = Counter(step.running_mean for step in flow.steps if isinstance(step, Norm))
    found = {}
    for step in flow.steps:
        if isinstance(step, Layer) and step.weight is not None and layers[step.weight] == 1:
            arrived = _arrivals(step.result, 0, following, flow.outputs)
            if arrived and all(_own_mean(norm) and means[norm.running_mean] == 1 for _, norm, _ in arrived):
                arrived = sorted(arrived, key=lambda arrival: (arrival[0], arrival[2]))
                names = [norm.running_mean.removesuffix("running_mean") + "weight" for _, norm, _ in arrived]
                found[step.weight] = tuple(
                    Reader(name, start) for name, (_, _, start) in zip(names, arrived, strict=True)
                )
    return found


def _own_mean(norm: Norm) -> bool:
    """Whether the running mean has a module's name for it: functions may be given other tensors."""
    return norm.running_mean.rpartition(".")[2] == "running_mean"


def _arrivals(
    value: Value, start: int, following: dict[Value, list[tuple[int, Step]]], outputs: list[Value]
) -> list[tuple[int, Norm, int]] | None:
    """The batch norms that a value arrives at (number of the step, step, channel); None if it arrives elsewhere."""
    if any(value is output for output in outputs):
        return None
    found = []
    for number, step in following[value]:
        if step.result.axis != value.axis:
            return None
        places = [0] * step.sources.count(value)
        if isinstance(step, Norm) and step.running and step.running_mean:
            found.append((number, step, start))
            continue
        if isinstance(step, Concatenate):
            places = [first for source, first in zip(step.sources, step.starts, strict=True) if source is value]
        elif not (isinstance(step, Combine) and step.adds or isinstance(step, Through) and step.averages):
            return None
        for place in places:
            onward = _arrivals(step.result, start + place, following, outputs)
            if onward is None:
                return None
            found += onward
    return found
