"""Pruning as its definition says, without regard to time: what the fast versions are tested against.

Everything is float64 and nothing is shared with the library.
"""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

EPSILON = 2.0**-23  # float32's: a neuron whose sum is at most this has no sensitivities


def layers(network: nn.Module) -> dict[str, nn.Module]:
    """Convolutions without groups and fully connected layers, by the name of their weight."""
    return {
        f"{name}.weight": module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
    }


def shares(network: nn.Module, samples: torch.Tensor, over_patches: str) -> dict[str, torch.Tensor]:
    """g[i, j, k] = (mean or max over patches p of) W[i, j, k] a[j, k, p] / z[i, p], largest over the samples.

    The positive and negative weights of a neuron have sums z of their own; an image with negative activations counts
    as two, its positive part and its negative part.
    """
    network = copy.deepcopy(network).double().eval()
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in layers(network)}
    for name, layer in layers(network).items():
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen[name].append(inputs[0].detach()))
    for image in samples.double().split(1):
        network(image)
    result = {}
    for name, layer in layers(network).items():
        weight = layer.weight.detach()
        best = torch.zeros_like(weight).flatten(1)
        for image in seen[name]:
            for part in (image.clamp(min=0), (-image).clamp(min=0)):
                patches = _patches(layer, part)  # [in * k, p]
                for own in (weight.flatten(1).clamp(min=0), weight.flatten(1).clamp(max=0)):
                    sums = own @ patches
                    sums[sums.abs() <= EPSILON] = math.inf
                    for neuron in range(len(weight)):
                        share = own[neuron, :, None] * patches / sums[neuron]
                        share = share.mean(1) if over_patches == "mean" else share.amax(1)
                        best[neuron] = torch.maximum(best[neuron], share)
        result[name] = best.view_as(weight)
    return result


def sipp(network: nn.Module, samples: torch.Tensor) -> dict[str, torch.Tensor]:
    return shares(network, samples, "mean")


def pfp(network: nn.Module, samples: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: share.transpose(0, 1).flatten(1).amax(1) for name, share in shares(network, samples, "max").items()}


def _patches(layer: nn.Module, activation: torch.Tensor) -> torch.Tensor:
    if isinstance(layer, nn.Linear):
        return activation.T
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = F.pad(activation, layer._reversed_padding_repeated_twice, mode)
    return F.unfold(padded, layer.kernel_size, layer.dilation, 0, layer.stride)[0]


def uniform_filters(filters: list[int], channels: list[int], areas: list[int], budget: int) -> list[int]:
    """FT's filters per layer: of many fractions, the one whose estimated size is nearest to the budget."""
    best = None
    for step in range(20001):
        kept = [max(1, math.floor(step / 20000 * count + 0.5)) for count in filters[:-1]] + filters[-1:]
        inputs = [channels[0]] + [max(1, channels[k] - (filters[k - 1] - kept[k - 1])) for k in range(1, len(filters))]
        size = sum(o * i * area for o, i, area in zip(kept, inputs, areas, strict=True))
        if best is None or abs(size - budget) < best[0]:
            best = (abs(size - budget), kept)
    return best[1]


def equal_error_channels(
    scores: list[list[float]], filters: list[int], areas: list[int], patches: list[int], budget: int
) -> list[int]:
    """PFP's input channels per layer: of the errors on both sides of the budget, the one with the nearer size."""

    def outcome(error: float) -> tuple[int, list[int]]:
        kept = []
        for values, area, count in zip(scores, areas, patches, strict=True):
            complexity = 2 * 3 * math.log(8 * (count + 1) * area / 1e-16) * sum(values)
            draws = math.ceil(3 * (6 + 2 * error) * complexity / error**2)
            touched = math.ceil(sum(1 - (1 - value / sum(values)) ** draws for value in values) - 1e-9)
            kept.append(min(len(values), max(1, touched)))
        outputs = [max(1, filters[k] - (len(scores[k + 1]) - kept[k + 1])) for k in range(len(filters) - 1)]
        outputs.append(filters[-1])
        return sum(o * i * area for o, i, area in zip(outputs, kept, areas, strict=True)), kept

    small, large = 1e-2, 1e9  # errors; the sizes are the other way round
    for _ in range(100):
        middle = math.sqrt(small * large)
        small, large = (small, middle) if outcome(middle)[0] < budget else (middle, large)
    return min((outcome(large), outcome(small)), key=lambda found: abs(found[0] - budget))[1]


def connected(network: nn.Module, masks: dict[str, torch.Tensor], image: torch.Tensor) -> dict[str, torch.Tensor]:
    """What has a gradient when every kept parameter is positive: bool, by parameter name."""
    network = copy.deepcopy(network).double().eval()
    generator = torch.Generator().manual_seed(0)
    for name, parameter in network.named_parameters():
        values = 0.5 + torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data = values * masks.get(name, torch.tensor(True))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    network(image.double().abs()).sum().backward()
    return {
        name: (parameter.grad > 0) & masks.get(name, torch.tensor(True))
        for name, parameter in network.named_parameters()
    }
