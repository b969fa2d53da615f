"""Shrinking holds for any network of its kind and any masks: small random ones."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lostprune import pruning
from reference.pruning_networks import random_images

BLOCKS = ("plain", "preactivation", "residual", "dense", "depthwise", "grouped", "pooled", "gated")


class Block(nn.Module):
    """One way to go from ``channels`` to ``self.channels`` channels."""

    def __init__(self, kind: str, channels: int, padding: int, bias: bool):
        super().__init__()
        self.kind, self.padding = kind, padding
        before = channels if kind == "preactivation" else None
        self.channels = {"plain": 6, "preactivation": 4, "dense": channels + 4}.get(kind, channels)
        made = 4 if kind in ("preactivation", "dense") else self.channels
        groups = {"depthwise": channels, "grouped": 2}.get(kind, 1)
        size = 1 if kind in ("residual", "dense") else 1 + 2 * padding
        self.conv = nn.Conv2d(channels, made, size, padding=padding if size > 1 else 0, groups=groups, bias=bias)
        self.norm = nn.BatchNorm2d(before or made)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == "preactivation":
            return self.conv(F.relu(self.norm(x)))
        made = self.norm(self.conv(x))
        if self.kind == "residual":
            return F.relu(made + x)
        if self.kind == "dense":
            return torch.cat([x, F.leaky_relu(made)], 1)
        if self.kind == "gated":
            return made * torch.sigmoid(made.mean((2, 3), keepdim=True))
        return F.max_pool2d(F.relu(made), 2, 1) if self.kind == "pooled" else F.relu(made)


class Network(nn.Module):
    """Its flattened end fits images of 12 x 12 or any other size."""

    def __init__(self, kinds: list[str], padding: int, bias: bool, pooled: int):
        super().__init__()
        self.stem, channels, blocks = nn.Conv2d(3, 6, 3, bias=bias), 6, []
        for kind in kinds:
            blocks.append(Block(kind, channels, padding, bias))
            channels = blocks[-1].channels
        self.blocks, self.pool = nn.Sequential(*blocks), nn.AdaptiveAvgPool2d(pooled)
        self.head = nn.Linear(channels * pooled**2, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.pool(self.blocks(self.stem(x))).flatten(1))


def random_masks(network: nn.Module, removed: float, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Whole filters, whole input channels, single weights and single channels of norms and biases are pruned."""
    masks = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d | nn.Conv2d | nn.Linear):
            grouped = getattr(module, "groups", 1) > 1
            for own, parameter in module.named_parameters():
                if parameter.dim() == 1:
                    masks[f"{name}.{own}"] = torch.rand(len(parameter), generator=generator) > removed / 2
                elif not grouped:
                    keep = torch.rand(parameter.shape, generator=generator) > 0.1
                    keep &= (torch.rand(len(parameter), generator=generator) > removed).view(
                        -1, *[1] * (parameter.dim() - 1)
                    )
                    inputs = torch.rand(parameter.shape[1], generator=generator) > removed
                    keep &= inputs.view(1, -1, *[1] * (parameter.dim() - 2))
                    keep.flatten()[0] = True  # no layer vanishes
                    masks[f"{name}.{own}"] = keep
    return masks


@settings(max_examples=40)
@given(
    kinds=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4),
    padding=st.sampled_from([0, 1]),
    bias=st.booleans(),
    pooled=st.sampled_from([1, 2]),
    removed=st.sampled_from([0.2, 0.5, 0.8]),
    seed=st.integers(0, 2**31),
)
def test_shrunk_equals_masked(kinds, padding, bias, pooled, removed, seed):
    generator = torch.Generator().manual_seed(seed)
    network = Network(kinds, padding, bias, pooled).double().eval()
    for parameter in network.parameters():
        parameter.data.normal_(0.0, 0.5, generator=generator)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.5, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    masks = random_masks(network, removed, generator)
    masked = copy.deepcopy(network)
    pruning.apply(masked, masks)
    shrunk = pruning.shrink(network, masks)
    images = random_images(2, 0).double()
    with torch.no_grad():
        torch.testing.assert_close(shrunk(images), masked(images), rtol=1e-9, atol=1e-9)
    assert pruning.parameters(shrunk) <= pruning.parameters(network)
