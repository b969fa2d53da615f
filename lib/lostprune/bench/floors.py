"""How near a figure comes to what the hardware allows: floors of arithmetic and of memory traffic, measured here."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .. import pruning
from . import report

_PASSES = {"training": 3, "evaluation": 1}  # backward multiplies twice: for the inputs and for the weights
# How often every output of a layer goes through memory at least: written and read; in training the backward step reads
# it again, and writes and reads its gradient.
_TOUCHED = {"training": 5, "evaluation": 2}
_RUNS = 5


def of(
    task: str, network: nn.Module, input_shape: tuple[int, int, int], bfloat16: bool, images_per_second: float
) -> dict[str, float]:
    """What a task would reach if it did nothing but multiply, or nothing but move its activations.

    Args:
        task: ``"training"`` or ``"evaluation"``.
        network: a network on the device that is judged.
        input_shape: (channels, height, width).
        bfloat16: the type of convolutions and activations; else float32.
        images_per_second: the measured rate.

    Returns:
        ``operations_per_second`` of a large convolution and ``bytes_per_second`` of a large copy, measured now;
        ``arithmetic_images_per_second`` and ``memory_images_per_second`` that they allow; and the fractions of them
        that were reached. Activations that stay in a cache move faster than the copy, so that the fraction of the
        memory floor can pass 1.
    """
    device = next(network.parameters()).device
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    operations = 2 * pruning.multiply_adds(network, input_shape) * _PASSES[task]
    moved = _activations(network, input_shape) * dtype.itemsize * _TOUCHED[task]
    operations_per_second, bytes_per_second = _convolution_rate(device, dtype), _copy_rate(device)
    arithmetic, memory = operations_per_second / operations, bytes_per_second / moved
    return {
        "operations_per_second": operations_per_second,
        "bytes_per_second": bytes_per_second,
        "arithmetic_images_per_second": arithmetic,
        "memory_images_per_second": memory,
        "arithmetic_fraction": images_per_second / arithmetic,
        "memory_fraction": images_per_second / memory,
    }


def in_words(floors: dict[str, float]) -> str:
    """One line for a reader."""
    return (
        f"floors: arithmetic {floors['arithmetic_images_per_second']:,.0f} images/s "
        f"({floors['operations_per_second'] / 1e9:,.0f} GFLOP/s), {floors['arithmetic_fraction']:.0%} "
        f"reached; memory {floors['memory_images_per_second']:,.0f} images/s "
        f"({floors['bytes_per_second'] / 1e9:,.0f} GB/s), {floors['memory_fraction']:.0%}"
    )


@torch.no_grad()
def _activations(network: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Values that the layers with weights put out for one image."""
    values, hooks = [], []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.modules.batchnorm._BatchNorm):
            hooks.append(module.register_forward_hook(lambda _, __, output: values.append(output.numel())))
    was_training = network.training
    network.eval()(torch.zeros(1, *input_shape, device=next(network.parameters()).device))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return sum(values)


@torch.no_grad()
def _convolution_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations per second of a 3x3 convolution that is large for the device."""
    channels, images, size = (1024, 64, 32) if device.type == "cuda" else (128, 32, 16)
    inputs = torch.randn(images, channels, size, size, device=device, dtype=dtype)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    weight = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype)
    weight = weight.contiguous(memory_format=torch.channels_last)
    operations = 2 * images * size * size * channels * channels * 9
    return operations / _fastest(lambda: F.conv2d(inputs, weight, padding=1), device)


def _copy_rate(device: torch.device) -> float:
    """Bytes per second, read and written, of a copy far larger than any cache."""
    source = torch.ones(2**28 if device.type == "cuda" else 2**26, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() * source.itemsize / _fastest(lambda: target.copy_(source), device)


def _fastest(call: object, device: torch.device) -> float:
    return min(report.seconds_of(call, device) for _ in range(_RUNS + 1))
