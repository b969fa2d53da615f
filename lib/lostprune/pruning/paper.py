"""The four methods of the paper (Table 1), registered as a reader's own would be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from .layers import batches, prunable, twin, watch_input
from .registry import register
from .shares import ChannelShares, Shares, WeightShares

_APPLIED = ("stride", "dilation", "padding", "padding_mode", "groups")  # how layers apply a weight that they share
_BATCH = 16  # images at a time, of up to 224 x 224 pixels; of larger ones fewer

Samples = torch.Tensor | None
Entries = dict[str, torch.Tensor]


@register(
    "WT", prunes="weights", scope="global", needs_samples=False, title="weight thresholding", sensitivity="$|W_{ij}|$"
)
def wt(network: nn.Module, samples: Samples) -> Entries:
    return {name: layer.weight.detach().abs().contiguous() for name, layer in prunable(network).items()}


@register(
    "SiPP",
    prunes="weights",
    scope="global",
    title="sensitivity-informed pruning",
    sensitivity=r"$\propto |W_{ij} a_j(x)|$",
)
def sipp(network: nn.Module, samples: Samples) -> Entries:
    return _over_samples(network, WeightShares, samples)


@register(
    "FT",
    prunes="filters",
    scope="local",
    needs_samples=False,
    title="filter thresholding",
    sensitivity=r"$\lVert W_{:j} \rVert_1$",
)
def ft(network: nn.Module, samples: Samples) -> Entries:
    return {name: layer.weight.detach().abs().flatten(1).sum(1) for name, layer in prunable(network).items()}


@register(
    "PFP",
    prunes="filters",
    scope="local",
    title="provable filter pruning",
    sensitivity=r"$\propto \lVert W_{:j} a(x) \rVert_\infty$",
    input_channels=True,
)
def pfp(network: nn.Module, samples: Samples) -> Entries:
    return _over_samples(network, ChannelShares, samples)


@torch.no_grad()
def _over_samples(network: nn.Module, kind: type[Shares], samples: torch.Tensor) -> dict[str, torch.Tensor]:
    network = twin(network)
    layers = prunable(network)
    shares = {name: kind(layer) for name, layer in layers.items()}

    alike = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [
        watch_input(module, shares[name].see)
        for name, layer in layers.items()
        for module in alike
        if module.weight is layer.weight and all(getattr(module, one, 0) == getattr(layer, one, 0) for one in _APPLIED)
    ]
    with full_precision():
        at_once = min(_BATCH, max(1, _BATCH * 224**2 // samples[0, 0].numel()))
        for batch in batches(samples, at_once):
            network(batch.to(next(network.parameters())))
    for hook in hooks:  # else layers and shares hold each other, until garbage is collected
        hook.remove()
    values = {name: shares.pop(name).result() for name in layers}
    dim = 1 if kind is ChannelShares else None
    rank_by_magnitude({name: layer.weight for name, layer in layers.items()}, values, dim)
    return values


def rank_by_magnitude(weights: dict[str, torch.Tensor], values: dict[str, torch.Tensor], dim: int | None) -> None:
    """Give layers that no sample reaches, and of which nothing is known, sensitivities like those of the others.

    They take the same distribution, in the order of their magnitudes, so that they are pruned to about the same
    fraction. Among them are layers that the forward does not use in evaluation, such as auxiliary classifiers. If no
    layer is reached, ranks are the sensitivities.

    Args:
        dim: of the weights, along which the values go; ``None`` for one value for each weight.
    """
    reached = [each.flatten() for each in values.values() if each.any()]
    if not reached:
        largest = max(values.values(), key=torch.numel)
        reached = [torch.arange(1, largest.numel() + 1).to(largest) / largest.numel()]
    distribution = torch.cat(reached).sort().values
    for name, weight in weights.items():
        if not values[name].any():
            size = weight.abs()
            size = size if dim is None else size.transpose(0, dim).flatten(1).sum(1)
            rank = size.flatten().argsort().argsort()
            like = distribution[((rank + 0.5) / len(rank) * len(distribution)).long()]
            values[name] = like.view(size.shape).masked_fill(size == 0, 0.0)


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Float32 as it is, whatever precision is set for speed: with TF32 or bfloat16 shares that are equal would not
    compare equal. By operator, because the one who set it may have used the older or the newer of torch's ways."""
    backends = torch.backends
    operators = (backends.cuda.matmul, backends.cudnn.conv, backends.mkldnn.matmul, backends.mkldnn.conv)
    before, deterministic = [operator.fp32_precision for operator in operators], backends.cudnn.deterministic
    try:
        backends.cudnn.deterministic = True
        for operator in operators:
            operator.fp32_precision = "ieee"
        yield
    finally:
        backends.cudnn.deterministic = deterministic
        for operator, precision in zip(operators, before, strict=True):
            operator.fp32_precision = precision
