"""Operations that need only what is nearby: how the differences of their outputs follow from those of their inputs.

A difference is what masking a pixel changes in a map; it is 0 outside a window of the map. The map of the image
itself, and what else the rules look up, is in a ``Maps``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import fx, nn

from .windows import Pair, Window, moved, with_margins

Values = dict[fx.Node, torch.Tensor]

_POINTWISE_MODULES = (
    nn.Dropout, nn.Dropout2d, nn.ELU, nn.GELU, nn.Hardswish, nn.Hardtanh, nn.Identity, nn.LeakyReLU, nn.ReLU6,
    nn.Sigmoid, nn.SiLU, nn.Tanh,
)  # fmt: skip
_POINTWISE = (
    F.elu, F.gelu, F.hardswish, F.hardtanh, F.leaky_relu, F.relu6, F.silu, torch.sigmoid, torch.tanh,
)  # fmt: skip


class Maps(Protocol):
    """What is known about the image itself."""

    dtype: torch.dtype  # of differences
    values: Values  # the output of every node, float32 [1, ...]

    def thresholds(self, node: fx.Node) -> tuple[torch.Tensor, torch.Tensor]:
        """The negative of a map, and its negative part, in the type of differences."""


Rule = Callable[[Values, Maps], torch.Tensor]  # from the differences of other nodes, and the maps


class Local:
    """Any operation f of one map, through f(map + difference) - f(map).

    Args:
        call: f; of padded maps if it has a padding.
        kernel, stride, padding, dilation: which positions it reads.
    """

    def __init__(
        self,
        call: Callable[..., torch.Tensor],
        kernel: Pair = (1, 1),
        stride: Pair = (1, 1),
        padding: Pair = (0, 0),
        dilation: Pair = (1, 1),
    ):
        self.call, self.reads = call, (kernel, stride, padding, dilation)

    def rule(self, node: fx.Node, sources: dict[fx.Node, Window], target: Window) -> Rule:
        """How the difference in the ``target`` window follows from those in the windows of the ``sources``."""
        ((one, window),) = sources.items()
        read = target.read_by(*self.reads)

        def difference(values: Values, maps: Maps) -> torch.Tensor:
            changed = read.of(maps.values[one]) + moved(values[one], window, read)
            args, kwargs = fx.map_arg((node.args, node.kwargs), lambda _: changed)
            return (self.call(*args, **kwargs) - target.of(maps.values[node])).to(maps.dtype)

        return difference


class Convolution(Local):
    """Linear: the bias cancels."""

    def __init__(self, module: nn.Conv2d, dtype: torch.dtype):
        super().__init__(module, module.kernel_size, module.stride, module.padding, module.dilation)
        self._weight = module.weight.to(dtype, memory_format=torch.channels_last)

    def rule(self, node: fx.Node, sources: dict[fx.Node, Window], target: Window) -> Rule:
        ((one, window),) = sources.items()
        weight, stride, dilation, groups = self._weight, self.call.stride, self.call.dilation, self.call.groups
        left, right, above, below = margins = window.margins(target.read_by(*self.reads))
        if left == right >= 0 and above == below >= 0:
            return lambda values, _: F.conv2d(values[one], weight, None, stride, (above, left), dilation, groups)
        return lambda values, _: F.conv2d(with_margins(values[one], margins), weight, None, stride, 0, dilation, groups)


class ReLU(Local):
    """relu(map + difference) - relu(map), without adding the two: a type with few digits would lose the difference."""

    def rule(self, node: fx.Node, sources: dict[fx.Node, Window], target: Window) -> Rule:
        (one,) = sources

        def difference(values: Values, maps: Maps) -> torch.Tensor:
            negative, below = maps.thresholds(one)
            return torch.maximum(values[one], target.of(negative)).add_(target.of(below))

        return difference


class Sum(Local):
    """Of two maps, or of one with itself."""

    def rule(self, node: fx.Node, sources: dict[fx.Node, Window], target: Window) -> Rule:
        one, two = node.args
        return lambda values, _: moved(values[one], sources[one], target) + moved(values[two], sources[two], target)


class Concatenation(Local):
    """Of the channels of several maps."""

    def rule(self, node: fx.Node, sources: dict[fx.Node, Window], target: Window) -> Rule:
        parts = node.args[0]
        return lambda values, _: torch.cat([moved(values[one], sources[one], target) for one in parts], 1)


def local(node: fx.Node, modules: dict[str, nn.Module], dtype: torch.dtype) -> Local | None:
    """The operation of a node, for differences of this type; ``None`` if it is not known to be local."""
    if node.op == "call_module":
        return _of_module(modules[node.target], dtype)
    if node.op != "call_function":
        return None
    if node.target in (F.relu, torch.relu):
        return ReLU(node.target)
    if node.target in _POINTWISE:
        return Local(node.target)
    if node.target in (operator.add, torch.add):
        plain = len(node.args) == 2 and not node.kwargs and all(isinstance(one, fx.Node) for one in node.args)
        return Sum(node.target) if plain else None
    if node.target is torch.cat and node.args:
        return Concatenation(torch.cat) if 1 in (*node.args[1:], node.kwargs.get("dim")) else None
    if node.target in (F.max_pool2d, F.avg_pool2d):
        given = dict(zip(("input", "kernel_size", "stride"), node.args, strict=False)) | node.kwargs
        if len(node.args) <= 3 and set(given) <= {"input", "kernel_size", "stride"}:
            kernel = _pair(given["kernel_size"])
            return Local(node.target, kernel, _pair(given.get("stride") or kernel))
    return None


def _of_module(module: nn.Module, dtype: torch.dtype) -> Local | None:
    kind = type(module)
    if kind is nn.ReLU:
        return ReLU(module)
    if kind in _POINTWISE_MODULES or kind is nn.BatchNorm2d and module.running_mean is not None:
        return Local(module)
    if kind in (nn.MaxPool2d, nn.AvgPool2d):
        plain = not module.ceil_mode and getattr(module, "dilation", 1) == 1 and _pair(module.padding) == (0, 0)
        return Local(module, _pair(module.kernel_size), _pair(module.stride)) if plain else None
    if kind is nn.Conv2d and module.padding_mode == "zeros" and not isinstance(module.padding, str):
        return Convolution(module, dtype)
    return None


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else tuple(value)
