"""What a network costs: multiply-adds, and the number of samples that the paper prunes with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import torch
from torch import nn

from .layers import WeightUses, example_input, parameter_name, prunable, twin
from .masks import Masks, validate


def flop_reduction(network: nn.Module, masks: Masks, input_shape: tuple[int, int, int] = (3, 32, 32)) -> float:
    """The fraction of the multiply-adds that is saved, in [0, 1]; the paper's "FLOP reduction" (Tables 4, 6).

    As the paper counts: multiply-adds of convolutions and fully connected layers only, each weight once for every
    place it is applied at. What is really saved depends on what the hardware can skip.

    Args:
        masks: masks of this network; empty if nothing is pruned.
        input_shape: (channels, height, width) of one image.

    Raises:
        ValueError: masks that do not belong to the network.
    """
    if masks:
        validate(network, masks)
    of_weight = {id(network.get_parameter(name)): int(mask.sum()) for name, mask in masks.items()}
    total = kept = 0
    for name, count in places(network, input_shape).items():
        weight = network.get_parameter(name)  # which may have another name in the masks, if layers share it
        total += weight.numel() * count
        kept += of_weight.get(id(weight), weight.numel()) * count
    return 1 - kept / total


def parameters(network: nn.Module) -> int:
    """How many parameters a network has, zeros included.

    For ``shrink(network, masks)`` it is what pruning really saves. ``prune_ratio`` counts zeros instead.
    """
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, input_shape: tuple[int, int, int] = (3, 32, 32)) -> int:
    """How many multiply-adds a network's convolutions and fully connected layers take for one image, zeros included.

    For ``shrink(network, masks)`` it is what pruning really saves. ``flop_reduction`` counts zeros instead.

    Args:
        input_shape: (channels, height, width) of one image.
    """
    return sum(network.get_parameter(name).numel() * count for name, count in places(network, input_shape).items())


def sample_size(
    network: nn.Module, input_shape: tuple[int, int, int], delta: float = 1e-16, coefficient: float = 3
) -> int:
    """How many samples SiPP and PFP prune with: ``ceil(coefficient * ln(8 * largest * all / delta))``.

    ``all`` is the number of outputs of all prunable layers for one image, ``largest`` that of the largest layer
    (Baykal et al., 2019b); 183 for ResNet20. The paper caps it at half of the validation part. This function does not.

    Args:
        input_shape: (channels, height, width) of one image.
        delta: failure probability, in (0, 1).
    """
    counts = Counter()  # by weight: layers may share one
    for name, count in places(network, input_shape).items():
        counts[id(network.get_parameter(name))] += count
    outputs = [len(layer.weight) * counts[id(layer.weight)] for layer in prunable(network).values()]
    return math.ceil(coefficient * math.log(8 * max(outputs) * sum(outputs) / delta))


@torch.no_grad()
def places(network: nn.Module, input_shape: tuple[int, int, int]) -> dict[str, int]:
    """At how many places of one image each convolution and fully connected layer is applied, by weight name.

    Convolutions with groups are among them: they cost, though they are not pruned. Of a layer that is never called, the
    functions that get its weight count. If no use of any layer shows, each counts at one place.
    """
    images = example_input(network, input_shape)
    network = twin(network)
    counts, weights, used = {}, {}, Counter()

    def watch(name: str) -> Callable:
        def count(module: nn.Module, _: tuple, output: torch.Tensor) -> None:
            counts[name] += output.numel() // len(module.weight)

        return count

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            name = parameter_name(name, "weight")
            counts[name], weights[name] = 0, module.weight
            module.register_forward_hook(watch(name))

    def use(weight: torch.Tensor, result: torch.Tensor) -> None:
        used[id(weight)] += result.numel() // len(weight)

    with WeightUses(use):
        network(images)
    for name, count in counts.items():
        if count:
            used.pop(id(weights[name]), None)
    for name, count in counts.items():
        counts[name] = (count or used.pop(id(weights[name]), 0)) // len(images)
    return counts if any(counts.values()) else dict.fromkeys(counts, 1)
