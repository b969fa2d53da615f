"""The last check before dead parts go: nothing changes without them, for generic weights and for the network's own."""

from __future__ import annotations

import contextlib
import copy
import math

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from .flow import tensors
from .folding import apply
from .layers import channels_last, prunable, watch_input
from .masks import Masks, pruned_count, zero
from .readers import norms

_DRAWS = 2
_LARGE = 2**21  # parameters, of which one draw is enough: each has as many chances
_IMAGES = 4
_ROUNDING = 1e4  # how many units of rounding, of the largest number, may differ


def changes_nothing(
    network: nn.Module,
    selected: Masks,
    varying: Masks,
    live: Masks,
    example: torch.Tensor,
    samples: torch.Tensor | None,
) -> bool:
    """Whether dead parts are dead: with random weights and images, and with the network's own on some samples.

    Args:
        network: in evaluation mode; not modified.
        selected: the masks that a method selects.
        varying: ``selected`` without the weights whose input channel has one value for every input.
        live: ``varying`` without dead parts.
        example: one input, [1, channels, height, width].
        samples: network inputs, or ``None``.
    """
    if pruned_count(live) == pruned_count(selected):
        return True
    size = sum(parameter.numel() for parameter in network.parameters())
    for seed in range(_DRAWS if size < _LARGE else 1):
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(2, *example.shape[1:], generator=generator).to(example)
        for dtype in (torch.float64, example.dtype):  # some forwards make tensors of one type only
            with contextlib.suppress(Exception):
                if not _same(_generic(network, dtype, generator), selected, varying, live, images.to(dtype)):
                    return False
                break
        else:  # it runs with neither
            return False
    return samples is None or _same(copy.deepcopy(network), selected, varying, live, samples[:_IMAGES])


@torch.no_grad()
def _generic(network: nn.Module, dtype: torch.dtype, generator: torch.Generator) -> nn.Module:
    """A copy whose parameters are random, of both signs, no two alike, and as large as its own."""

    def random(like: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator).to(like.device, dtype).mul_(size)

    replaced: dict[int, object] = {id(buffer): buffer.clone() for buffer in network.buffers()}
    for parameter in network.parameters():
        size = torch.linalg.vector_norm(parameter) / math.sqrt(parameter.numel())
        replaced[id(parameter)] = nn.Parameter(random(parameter, size.where(size > 0, 0.1)), requires_grad=False)
    network = copy.deepcopy(network, replaced).to(dtype)
    for norm in norms(network).values():
        if norm.running_mean is not None:
            norm.running_mean.copy_(random(norm.running_mean, norm.running_var.sqrt()))
    return network


@torch.no_grad()
def _same(network: nn.Module, selected: Masks, varying: Masks, live: Masks, images: torch.Tensor) -> bool:
    """Whether inputs that ``varying`` leaves out are the same for all images, and ``live`` gives the same outputs."""
    steady: list[bool] = []

    def watch(layer: nn.Module, constant: torch.Tensor) -> RemovableHandle:
        def see(inputs: torch.Tensor) -> None:
            differs = (inputs - inputs[:1]).abs() > _rounding(inputs)
            steady.append(not (channels_last(differs, layer) & constant).any())

        return watch_input(layer, see)

    zero(network, varying)
    hooks = []
    for name, layer in prunable(network).items():
        constant = (selected[name] & ~varying[name]).transpose(0, 1).flatten(1).any(1)
        if constant.any():
            hooks.append(watch(layer, constant))
    before = _outputs(network, images)
    for hook in hooks:
        hook.remove()
    apply(network, live)
    after = _outputs(network, images)
    same = (
        torch.allclose(one, other, rtol=0, atol=_rounding(other), equal_nan=True)
        for one, other in zip(after, before, strict=True)
    )
    return all(steady) and all(same)


def _outputs(network: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """All floating-point tensors that the network returns. Where it draws at random, it draws the same each time."""
    devices = [images.device] if images.is_cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        return [one.clone() for one in tensors(network(images)) if one.is_floating_point()]


def _rounding(values: torch.Tensor) -> float:
    finite = values[values.isfinite()]
    return _ROUNDING * torch.finfo(values.dtype).eps * float(finite.abs().max()) if finite.numel() else 0.0
