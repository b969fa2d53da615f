"""Checks of what callers pass in: what cannot be pruned is refused by name, before any work."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from .layers import example_input, prunable
from .registry import registered

_WRAPPERS = {nn.DataParallel: "module", nn.parallel.DistributedDataParallel: "module"}
_DTYPES = (torch.float32, torch.float64)


def check_network(network: nn.Module) -> None:
    """Check that ``network`` can be pruned.

    Raises:
        ValueError: a wrapper such as nn.DataParallel; parameters without a shape yet, of another type than float32 or
            float64, or not finite; layers whose weight or bias is computed from others; no prunable layer.
    """
    for name, module in network.named_modules():
        _check_module(name, module)
    for name, parameter in network.named_parameters():
        if is_lazy(parameter):
            raise ValueError(f"network: parameter {name!r} has no shape yet, expected one; run the network once before")
        if parameter.dtype not in _DTYPES:
            raise ValueError(
                f"network: parameter {name!r} is {str(parameter.dtype).removeprefix('torch.')}, expected float32 or "
                "float64; prune network.float() and convert what comes out"
            )
    if not prunable(network):
        raise ValueError(
            f"network: got {type(network).__name__} without prunable layer, expected at least one "
            "nn.Conv2d with groups=1 or nn.Linear; other layers are never pruned"
        )
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            raise ValueError(
                f"network: parameter {name!r} has values that are not finite; "
                "its training diverged, go back to an earlier checkpoint"
            )


def _check_module(name: str, module: nn.Module) -> None:
    where = f"module {name!r}" if name else "network"
    wrapped = "_orig_mod" if hasattr(module, "_orig_mod") else _WRAPPERS.get(type(module))
    if wrapped:
        raise ValueError(f"{where}: got a {type(module).__name__}, expected what it wraps; pass its .{wrapped}")
    if isinstance(module, _ConvNd | nn.Linear | _NormBase):
        for own in ("weight", "bias"):
            if own not in module._parameters:  # it is a property or a plain attribute
                raise ValueError(
                    f"{where}: the {own} of this {type(module).__name__} is computed from other parameters "
                    "(weight_norm, spectral_norm, torch.nn.utils.prune or the like), expected a parameter; make it one "
                    "with torch.nn.utils.parametrize.remove_parametrizations, remove_weight_norm, remove_spectral_norm "
                    "or prune.remove"
                )
    for own, value in (vars(module) | module._buffers).items():
        if isinstance(value, torch.Tensor) and not value.is_leaf:
            raise ValueError(
                f"{where}: its {own} was computed from other tensors that have gradients, expected a parameter, a "
                "buffer or a tensor without history; if weight_norm, torch.nn.utils.prune or the like computes it, "
                "make it a parameter with remove_weight_norm, prune.remove or the like; if the forward keeps it, "
                "keep it.detach()"
            )


def check_samples(network: nn.Module, method: str, samples: torch.Tensor | None) -> None:
    if samples is None:
        if registered(method).needs_samples:
            raise ValueError(
                f"samples: got None, but {method} computes its sensitivities from samples; "
                "pass normalised network inputs, float32 [n, 3, h, w], from the validation part"
            )
        return
    layers = list(prunable(network).values())
    channels = layers[0].in_channels if isinstance(layers[0], nn.Conv2d) else "c"
    expected = f"expected a tensor of normalised network inputs, float32 [n, {channels}, h, w] with n >= 1"
    if not isinstance(samples, torch.Tensor):
        raise TypeError(f"samples: got {type(samples).__name__}, {expected}")
    got = f"got {str(samples.dtype).removeprefix('torch.')} {list(samples.shape)}"
    dtypes = (torch.float32, layers[0].weight.dtype)
    if samples.dtype not in dtypes or samples.dim() != 4 or 0 in samples.shape:
        raise ValueError(f"samples: {got}, {expected}; see lostprune.data.normalize")
    if channels != "c" and samples.shape[1] not in [layer.weight.shape[1] for layer in layers]:
        try:  # a forward may make other channels of them before its first convolution
            example_input(network, samples.shape[1:])
        except ValueError as reason:
            raise ValueError(
                f"samples: {got}, {expected}, because the network's first convolution takes {channels}"
            ) from reason
    if not torch.isfinite(samples).all():
        raise ValueError(f"samples: {got} with values that are not finite, {expected}")
