"""Which step the call of a torch function is. What is not listed here counts as unknown, which is never wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils._pytree import tree_map

from .steps import Combine, Concatenate, Layer, Norm, Step, Through, Value

_ELEMENTWISE = frozenset(
    """relu relu6 elu selu celu leaky_relu prelu gelu silu mish hardswish hardsigmoid hardtanh sigmoid logsigmoid
    softplus softsign tanh tanhshrink hardshrink softshrink threshold clamp clip clamp_min clamp_max abs neg exp sqrt
    square pow dropout dropout2d alpha_dropout feature_alpha_dropout contiguous clone detach to float double
    add iadd radd sub isub rsub mul imul rmul div truediv itruediv""".split()
)
_SUMS = frozenset("add iadd radd sub isub rsub maximum minimum".split())
_PRODUCTS = frozenset("mul imul rmul".split())
_CONCATENATIONS = frozenset("cat concat concatenate".split())
_AVERAGES = frozenset("avg_pool2d adaptive_avg_pool2d".split())
_MOVING = _AVERAGES | frozenset(
    """max_pool2d adaptive_max_pool2d interpolate pad mean sum amax view reshape flatten unflatten permute transpose
    movedim swapaxes squeeze unsqueeze expand getitem narrow select chunk split unbind flip""".split()
)
_ROUNDING = 1e-4  # relative, of means over many places
_CONVOLUTION = "input weight bias stride padding dilation groups".split()
_FULLY_CONNECTED = "input weight bias".split()
_BATCH_NORM = "input running_mean running_var weight bias training".split()


class Call(NamedTuple):
    """One call of a torch function.

    Attributes:
        name: the function's name, without the underscores of ``__add__`` and ``relu_``.
        tensors: all tensors among the arguments.
        shapes: their shapes before the call, by id, since the call may change them.
        results: all tensors that came out.
        value: returns the known facts about a tensor; ``None`` if it does not depend on the network's input.
        parameter: returns the name of a tensor that is a parameter or buffer of the network, else ``None``.
    """

    function: Callable
    name: str
    args: tuple
    kwargs: dict
    tensors: list[torch.Tensor]
    shapes: dict[int, torch.Size]
    results: list[torch.Tensor]
    value: Callable[[torch.Tensor], Value | None]
    parameter: Callable[[torch.Tensor], str | None]

    def given(self, names: list[str]) -> dict:
        return dict(zip(names, self.args, strict=False)) | self.kwargs


def steps(call: Call) -> list[Step]:
    """One step for each of the results, or a single one for all of them."""
    if any(result.numel() == 0 for result in call.results):
        found = None
    elif call.function is F.conv2d:
        found = _layer(call, call.given(_CONVOLUTION), -3)
    elif call.function is F.linear:
        found = _layer(call, call.given(_FULLY_CONNECTED), -1)
    elif call.function is F.batch_norm:
        found = _norm(call, call.given(_BATCH_NORM))
    elif call.name in _CONCATENATIONS:
        found = _concatenation(call)
    elif call.name in _SUMS | _PRODUCTS and len(call.tensors) == 2:
        found = _combination(call)
    elif call.name in _ELEMENTWISE and (len(call.tensors) == 1 or call.name == "prelu"):
        found = _elementwise(call)
    elif call.name in _MOVING and len(call.tensors) == 1:
        found = _moving(call)
    else:
        found = None
    return found or [unknown(call)]


def unknown(call: Call) -> Step:
    sources = [call.value(tensor) for tensor in call.tensors]
    return Step([source for source in sources if source is not None], *(Value() for _ in call.results))


def _layer(call: Call, given: dict, axis: int) -> list[Step] | None:
    source, weight, bias = call.value(given["input"]), given["weight"], given.get("bias")
    if source is None or any(one is not None and call.value(one) is not None for one in (weight, bias)):
        return None
    bias = bias is not None and (call.parameter(bias) or True)
    groups = given.get("groups", 1)
    return [Layer(source, axis, tuple(weight.shape), groups, call.parameter(weight), bias)]


def _norm(call: Call, given: dict) -> list[Step] | None:
    source, mean = call.value(given["input"]), given.get("running_mean")
    parameters = [given.get(name) for name in ("running_mean", "running_var", "weight", "bias")]
    if source is None or any(one is not None and call.value(one) is not None for one in parameters):
        return None
    shape = call.shapes[id(given["input"])]
    names = {
        own: None if given.get(own) is None else call.parameter(given[own])
        for own in ("running_mean", "weight", "bias")
    }
    running = mean is not None and not given.get("training", False)
    shift = (mean != 0).cpu().numpy() if running else np.zeros(shape[1], bool)
    return [Norm(source, 1 - len(shape), shift, running, given.get("bias") is not None, **names)]


def _elementwise(call: Call) -> list[Step] | None:
    tensor, source = call.tensors[0], call.value(call.tensors[0])
    if source is None or [one.shape for one in call.results] != [call.shapes[id(tensor)]]:
        return None
    if any(call.value(one) is not None for one in call.tensors[1:]) or not tensor.is_floating_point():
        return None
    zeros_stay = not _run(call, torch.zeros_like(tensor))[0].any()
    return [Through(source, source.axis, np.arange(source.size), zeros_stay, even=True)]


def _moving(call: Call) -> list[Step] | None:
    """Where channels come from, found by running the function on the numbers of the channels."""
    (tensor,), (source,) = call.tensors, map(call.value, call.tensors)
    floating = all(one.is_floating_point() for one in [tensor, *call.results])
    if source is None or not floating or tensor.shape != call.shapes[id(tensor)]:
        return None
    if source.axis is None:
        zeros_stay = not any(one.any() for one in _run(call, torch.zeros_like(tensor)))
        return [Through(source, None, np.zeros(1, int), zeros_stay, even=False) for _ in call.results]
    numbers = torch.arange(1, source.size + 1, dtype=tensor.dtype, device=tensor.device)
    others = numbers.flip(0) + torch.rand(source.size, generator=torch.Generator().manual_seed(0)).to(numbers)
    zeros, ones, moved, again = (
        _run(call, torch.zeros_like(tensor) + each.view(-1, *[1] * (-1 - source.axis)))
        for each in (torch.zeros_like(numbers), torch.ones_like(numbers), numbers, others)
    )
    found = []
    for nothing, one, numbered, other in zip(zeros, ones, moved, again, strict=True):
        # The quotient is the number of a channel also where a sum or the border of a padded mean changes its size.
        quotient = (numbered / one.where(one != 0, 1)).round().long()
        axis, channels = _order(quotient, source.axis)
        single = _follows(numbered, one, quotient, numbers) and _follows(other, one, quotient, others)
        if axis is None or nothing.any() or not single:
            found.append(Step([source], Value()))
        else:
            even, averages = bool((one == one.amax()).all()), bool((one == 1).all()) and call.name in _AVERAGES
            found.append(Through(source, axis, channels - 1, True, even, averages))
    return found


def _follows(found: torch.Tensor, one: torch.Tensor, channels: torch.Tensor, values: torch.Tensor) -> bool:
    """Whether what was found is ``one`` times the value of the channel at each place, and no mixture of several.

    Args:
        channels: the number of a channel at each place, from 1 on; 0 for none.
        values: of the channels, [channels].
    """
    if ((channels < 0) | (channels > len(values))).any():
        return False
    expected = one * torch.cat([values.new_zeros(1), values])[channels]
    return bool(((found - expected).abs() <= _ROUNDING * expected.abs()).all())


def _order(numbers: torch.Tensor, before: int) -> tuple[int, np.ndarray] | tuple[None, None]:
    """The axis along which channels, given by their numbers (0 for none), lie in a tensor, and their order there."""
    axes = range(-numbers.dim(), 0)
    for axis in sorted(axes, key=lambda axis: axis != before):
        others = [dim for dim in range(-numbers.dim(), 0) if dim != axis]
        highest = numbers.amax(others) if others else numbers
        shaped = highest.view(-1, *[1] * (-1 - axis))
        if ((numbers == shaped) | (numbers == 0)).all():
            return axis, highest.cpu().numpy()
    return None, None


def _combination(call: Call) -> list[Step] | None:
    sources = [call.value(tensor) for tensor in call.args[:2] if isinstance(tensor, torch.Tensor)]
    if len(sources) != 2 or len(call.results) != 1:
        return None
    result = call.results[0]
    channels = [
        (source.axis, source.size)
        for source in sources
        if source is not None and source.axis is not None and result.shape[source.axis] == source.size
    ]
    axis, size = channels[0] if channels else (None, 1)
    for number, tensor in enumerate(call.args[:2]):
        if sources[number] is None:
            sources[number] = _fixed(tensor, axis)
    adds = call.name in ("add", "iadd", "radd") and not call.kwargs
    adds = adds and all(call.shapes[id(tensor)] == result.shape for tensor in call.tensors)
    return [Combine(sources, axis, size, call.name in _PRODUCTS, adds)]


def _fixed(tensor: torch.Tensor, axis: int | None) -> Value:
    """A tensor that does not depend on the input: it may have a value of its own for each channel."""
    across = [size for dim, size in zip(range(-tensor.dim(), 0), tensor.shape, strict=True) if dim != axis]
    return Value(varies=any(size > 1 for size in across))


def _concatenation(call: Call) -> list[Step] | None:
    given = call.given(["tensors", "dim"])
    tensors, (result,) = given["tensors"], call.results
    dim = given.get("dim", given.get("axis", 0))
    axis = dim - result.dim() if dim >= 0 else dim
    values = [call.value(tensor) for tensor in tensors]
    sources = [_fixed(tensor, axis) if value is None else value for tensor, value in zip(tensors, values, strict=True)]
    if any(source.axis == axis for source in sources):
        return [Concatenate(sources, axis, [tensor.shape[axis] for tensor in tensors])]
    known = next((source for source in sources if source.axis is not None), None)
    return None if known is None else [Combine(sources, known.axis, known.size, even=False)]


def _run(call: Call, tensor: torch.Tensor) -> list[torch.Tensor]:
    """The call once more, with another tensor instead of its first one."""
    first = call.tensors[0]
    args, kwargs = tree_map(lambda one: tensor if one is first else one, (call.args, call.kwargs))
    return list(tensors(call.function(*args, **kwargs)))


def tensors(value: object) -> Iterator[torch.Tensor]:
    """All tensors in nested tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from tensors(one)
