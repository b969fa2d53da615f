"""Batch norms that lost their running statistics: measured again, with the network's function unchanged."""

from __future__ import annotations

import contextlib

import torch
from torch import nn


def without_statistics(network: nn.Module) -> dict[str, nn.modules.batchnorm._BatchNorm]:
    """Trained batch norms whose running mean is 0 and whose running variance is 1, by name.

    Tools that export or compress a network fold the statistics into weight and bias and leave these. In evaluation
    mode such a layer is what it was. Training normalises by the batch and so changes the function at its first step.
    """
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        and module.affine
        and module.running_mean is not None
        and module.bias is not None
        and not module.running_mean.any()
        and bool((module.running_var == 1).all())
        and not (bool((module.weight == 1).all()) and not module.bias.any())  # as initialised: nothing was trained
    }


@torch.no_grad()
def measure_statistics(network: nn.Module, inputs: torch.Tensor, batch_size: int = 32) -> list[str]:
    """Give :func:`without_statistics` the statistics of ``inputs``, in place; what evaluation mode computes stays.

    A channel of mean m and variance v gets weight w·√((v + ε) / (1 + ε)) and bias b + w·m / √(1 + ε).

    Args:
        inputs: network inputs, float32 [n, channels, height, width], at least one.
        batch_size: images at once.

    Returns:
        Names of the layers that were changed.
    """
    layers = without_statistics(network)
    if not layers:
        return []
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in layers}
    training = network.training
    with contextlib.ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.enter_context(layer.register_forward_pre_hook(_collect(seen[name])))  # removed on leaving
        network.eval()
        for batch in inputs.split(batch_size):
            network(batch)
    network.train(training)
    for name, layer in layers.items():
        if not seen[name]:  # forward does not use the layer
            continue
        count, total, squares = (torch.stack(values).sum(0) for values in zip(*seen[name], strict=True))
        mean = total / count
        variance = (squares / count - mean**2).clamp(min=0)
        before = (1 + layer.eps) ** 0.5
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        layer.bias += (layer.weight * mean / before).to(layer.bias.dtype)
        layer.weight *= ((variance + layer.eps).sqrt() / before).to(layer.weight.dtype)
    return [name for name in layers if seen[name]]


def _collect(sums: list[torch.Tensor]):
    """A hook that appends count, sum and sum of squares of every channel of what a layer gets, in float64."""

    def hook(_layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        values = arguments[0].double().transpose(0, 1).flatten(1)  # [channels, values]
        count = torch.full_like(values[:, 0], values.shape[1])
        sums.append(torch.stack((count, values.sum(1), (values**2).sum(1))))

    return hook
