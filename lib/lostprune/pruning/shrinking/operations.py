"""What operations without channels of their own do to channels: sums, concatenations, activations, pooling, reshapes.

Each rule gets the call and returns what is known of its result. Rules are found by the name of the function or tensor
method (``relu`` and ``relu_`` are the same), or by the type of the module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from .structure import Channels, Structure, UnsupportedOperation, settled


class Call(NamedTuple):
    """An operation on at least one ``Channels``; ``values`` are these, in order."""

    description: str
    values: list[Channels]
    args: tuple
    kwargs: dict
    fixed: bool  # the number of channels of its result is written in the code

    def dims(self, *names: str) -> tuple[int, ...] | None:
        """The dimensions that are asked for by keyword or behind the tensor."""
        given = next((self.kwargs[name] for name in names if name in self.kwargs), None)
        if given is None and len(self.args) > 1:
            given = self.args[1]
        if given is None:
            return None
        return tuple(given) if isinstance(given, tuple | list) else (given,)

    def refuse(self, expected: str) -> UnsupportedOperation:
        return UnsupportedOperation(
            f"network: shrink cannot follow the channels through {self.description}; {expected}"
        )


def per_channel(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """Each channel from itself: a constant stays one."""
    got = call.values[0]
    return Channels(result, got.atoms, settled(result, ~np.isnan(got.value)))


def zeros_stay(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """Each channel from itself, but the border or the size of the image matters to any constant except 0."""
    got = call.values[0]
    return Channels(result, got.atoms, settled(result, got.value == 0))


def mixing(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """Each channel from all of them: none can go."""
    got = call.values[0]
    structure.pin(got.atoms)
    return Channels(result, got.atoms, np.full(len(got.atoms), np.nan))


def average_pooling(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    padding = call.kwargs.get("padding", call.args[3] if len(call.args) > 3 else 0)
    return (per_channel if padding in (0, (0, 0)) else zeros_stay)(structure, call, result)


def over_positions(rule: Callable) -> Callable:
    """A reduction, if it leaves the batch and the channels."""

    def checked(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
        dims, rank = call.dims("dim", "axis"), call.values[0].tensor.dim()
        if dims is None or any(dim % rank < 2 for dim in dims):
            raise call.refuse(f"expected it over the dimensions from 2 on, got {dims}")
        return rule(structure, call, result)

    return checked


def unsqueeze(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    (dim,) = call.dims("dim")
    if dim % result.dim() < 2:
        raise call.refuse(f"expected a dimension from 2 on, got {dim}")
    return per_channel(structure, call, result)


def elementwise(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """Two operands: channel by channel, or one with a number or a tensor of its own."""
    operands = call.args[:2]
    if len(call.values) == 1:
        other = next((one for one in operands if isinstance(one, torch.Tensor) and one.numel() > 1), None)
        return per_channel(structure, call, result) if other is None else mixing(structure, call, result)
    one, other = call.values
    if one.tensor.dim() != other.tensor.dim():
        raise call.refuse("expected two tensors with the same number of dimensions")
    if len(one.atoms) != len(other.atoms):  # a single channel for all of the other's
        one, other = sorted((one, other), key=lambda channels: -len(channels.atoms))
        structure.pin(other.atoms)
    else:
        structure.tie(one.atoms, other.atoms)
    return Channels(result, one.atoms, settled(result, ~np.isnan(one.value) & ~np.isnan(other.value)))


def product(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    zero = np.any([value.value == 0 for value in call.values if len(value.atoms) == result.shape[1]], axis=0)
    got = elementwise(structure, call, result)
    return Channels(result, got.atoms, np.where(zero, 0.0, got.value))


def concatenation(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    (dim,) = call.dims("dim", "axis") or (0,)
    if dim % result.dim() != 1 or len(call.values) != len(call.args[0] if call.args else call.kwargs["tensors"]):
        raise call.refuse("expected it over dimension 1, the channels")
    parts = [np.concatenate([getattr(value, name) for value in call.values]) for name in ("atoms", "value")]
    return Channels(result, *parts)


def flatten(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """[n, channels, height, width] -> [n, channels * height * width], or only the last two put together."""
    got = call.values[0]
    if result.shape[:2] == got.tensor.shape[:2]:
        return per_channel(structure, call, result)
    if result.dim() != 2 or len(result) != len(got.tensor):
        raise call.refuse("expected [n, channels, height, width] -> [n, features], such as torch.flatten(x, 1)")
    times = result.shape[1] // len(got.atoms)
    return Channels(result, got.atoms.repeat(times), got.value.repeat(times))


def reshape(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    if call.fixed:
        structure.pin(call.values[0].atoms)
    return flatten(structure, call, result)


def index(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    wanted = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if len(wanted) < 2 or any(one != slice(None) for one in wanted[:2]):
        raise call.refuse("expected x[:, :, ...], with all images and channels")
    return per_channel(structure, call, result)


def padding(structure: Structure, call: Call, result: torch.Tensor) -> Channels:
    """Around the image, or further channels of zeros: their number is written in the code, they stay."""
    got, amounts = call.values[0], tuple(call.args[1] if len(call.args) > 1 else call.kwargs["pad"])
    front, back = (*amounts[4:], 0, 0)[:2]
    new = structure.new_atoms(front + back)
    structure.pin(new)
    constant = np.concatenate([np.ones(front, bool), ~np.isnan(got.value), np.ones(back, bool)])
    return Channels(result, np.concatenate([new[:front], got.atoms, new[front:]]), settled(result, constant))


def _named(names: str, rule: Callable) -> dict[str, Callable]:
    return dict.fromkeys(names.split(), rule)


BY_NAME: dict[str, Callable] = (
    _named("relu relu6 elu selu celu leaky_relu gelu silu mish hardswish hardsigmoid hardtanh", per_channel)
    | _named("sigmoid logsigmoid softplus softsign tanh tanhshrink hardshrink softshrink threshold", per_channel)
    | _named("clamp clip abs neg exp sqrt", per_channel)
    | _named("square pow dropout dropout2d alpha_dropout feature_alpha_dropout contiguous clone detach to", per_channel)
    | _named("float max_pool2d adaptive_max_pool2d adaptive_avg_pool2d interpolate stochastic_depth", per_channel)
    | _named("mean amax amin squeeze", over_positions(per_channel)) | {"sum": over_positions(zeros_stay)}
    | _named("softmax log_softmax prelu group_norm layer_norm instance_norm local_response_norm", mixing)
    | _named("add iadd sub isub truediv div maximum minimum", elementwise) | _named("mul imul", product)
    | _named("cat concat concatenate", concatenation) | _named("view reshape", reshape)
    | {"avg_pool2d": average_pooling, "flatten": flatten, "unsqueeze": unsqueeze, "getitem": index, "pad": padding}
)  # fmt: skip

OF_SEVERAL = (elementwise, product, concatenation)
"""Rules that take more than one tensor of the network."""

PLAIN = ("size", "getattr", "dim")
"""Operations that ask for a tensor's shape, type or device, and give no tensor."""

_PER_CHANNEL = (
    nn.ReLU, nn.ReLU6, nn.ELU, nn.SELU, nn.CELU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid,
    nn.Hardtanh, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Hardshrink,
    nn.Softshrink, nn.Threshold, nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout,
    nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d, nn.Upsample, nn.UpsamplingNearest2d,
)  # fmt: skip
_MIXING = (
    nn.Softmax,
    nn.Softmax2d,
    nn.LogSoftmax,
    nn.PReLU,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.InstanceNorm2d,
    nn.LocalResponseNorm,
)

BY_TYPE: dict[type, Callable] = (
    dict.fromkeys(_PER_CHANNEL, per_channel)
    | dict.fromkeys(_MIXING, mixing)
    | {nn.Flatten: flatten, nn.AvgPool2d: average_pooling}
)
