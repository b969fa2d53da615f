"""``lostprune bench shrink``: how much faster a network is once its pruned filters are really removed."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from .. import data, networks, pruning
from ..foundations.device import default_device
from ..pruning.layers import prunable
from . import report

DATASET, SAMPLES = "cifar10", 16
FILTERS_REMOVED = (0.5, 0.8)
BATCH_SIZES = (128, 1)


def measure(
    network: str = "resnet20",
    runs: int = 10,
    removed: tuple[float, ...] = FILTERS_REMOVED,
    batch_sizes: tuple[int, ...] = BATCH_SIZES,
    methods: tuple[str, ...] = ("uniform", "FT", "PFP"),
) -> dict:
    """Seconds of one forward pass of the shrunk and of the masked network, in turn.

    The network is freshly initialised, with batch norms as if trained (``as_if_trained``). Both networks are equal in
    what they compute. ``uniform`` removes the last filters of every convolution, the same ones everywhere, so that
    whole channels of residual connections go; FT and PFP prune to as many parameters as that leaves.

    Args:
        network: a registered network.
        runs: timed pairs, at least 1.
        removed: fractions of the filters of every convolution, in (0, 1).
        batch_sizes: images per forward pass.
        methods: "uniform", and filter methods of the paper.

    Returns:
        What was run on what; under ``networks`` one entry for each method and fraction: parameters and multiply-adds of
        both, and ``speed`` by batch size, with ``ratio``, masked over shrunk; or ``out_of_reach`` and why, where a
        method cannot prune so far. ``ratio`` is that of the first.

    Raises:
        ValueError: an unknown network or method, or one that cannot be shrunk.
    """
    device = default_device()
    dataset = data.DATASETS[DATASET]
    torch.manual_seed(0)
    net = as_if_trained(networks.build(network, len(dataset.classes))).to(device).eval()
    samples = torch.randn(SAMPLES, *dataset.image_shape, device=device)
    entries = []
    for fraction in removed:
        uniform = uniform_filters(net, fraction)
        keep_ratio = pruning.parameters(pruning.shrink(net, uniform)) / pruning.parameters(net)
        for method in methods:
            entries.append({"method": method, "filters_removed": fraction})
            try:
                masks = uniform if method == "uniform" else pruning.prune(net, method, keep_ratio, samples)
            except pruning.VanishedLayer as error:
                entries[-1]["out_of_reach"] = str(error)
                continue
            entries[-1] |= _entry(net, masks, dataset.image_shape, batch_sizes, runs, device)
    return {
        **report.facts("shrink", device),
        "network": network,
        "parameters": pruning.parameters(net),
        "multiply_adds": pruning.multiply_adds(net, dataset.image_shape),
        "networks": entries,
        "ratio": next(iter(entries[0]["speed"].values()))["ratio"],
    }


def as_if_trained(network: nn.Module) -> nn.Module:
    """``network`` with random batch norms, so that a pruned filter leaves a constant, as it does once trained."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.3)
            nn.init.normal_(module.running_mean, 0.0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


def uniform_filters(network: nn.Module, removed: float) -> pruning.Masks:
    """Masks without the last filters of every convolution; the constants that they leave need one channel."""
    masks = pruning.Masks()
    for name, layer in prunable(network).items():
        if isinstance(layer, nn.Conv2d):
            masks[name] = torch.ones_like(layer.weight, dtype=torch.bool)
            masks[name][max(1, round(len(layer.weight) * (1 - removed))) :] = False
    return masks


def _entry(
    network: nn.Module,
    masks: pruning.Masks,
    image_shape: tuple[int, int, int],
    batch_sizes: tuple[int, ...],
    runs: int,
    device: torch.device,
) -> dict:
    masked = copy.deepcopy(network)
    pruning.apply(masked, masks)
    shrunk = pruning.shrink(network, masks)
    speed = {}
    for batch_size in batch_sizes:
        images = torch.randn(batch_size, *image_shape, device=device)
        with torch.inference_mode():
            fast, plain = (functools.partial(net, images) for net in (shrunk, masked))
            speed[str(batch_size)] = report.alternate(fast, plain, device, runs)
    return {
        "prune_ratio": pruning.prune_ratio(network, masks),
        "flop_reduction": pruning.flop_reduction(network, masks, image_shape),
        "parameters": pruning.parameters(shrunk),
        "multiply_adds": pruning.multiply_adds(shrunk, image_shape),
        "speed": speed,
    }


def in_words(measured: dict) -> str:
    """The same as lines for a reader, times in milliseconds."""
    lines = [
        f"one forward pass of {measured['network']}, shrunk against masked: {measured['parameters']:,} parameters and "
        f"{measured['multiply_adds']:,} multiply-adds before",
        f"on {measured['device']} ({measured['processor']}, {measured['threads']} threads); torch "
        f"{measured['torch_version']}, lostprune {measured['lostprune_version']}, {measured['date']}",
    ]
    for one in measured["networks"]:
        as_many = "" if one["method"] == "uniform" else "to as many parameters as "
        start = f"{one['method']}, {as_many}{one['filters_removed']:.0%} of filters removed"
        if "out_of_reach" in one:
            lines.append(f"{start}: {one['out_of_reach']}")
            continue
        lines.append(
            f"{start}: {one['prune_ratio']:.1%} of parameters "
            f"and {one['flop_reduction']:.1%} of multiply-adds pruned; shrunk to {one['parameters']:,} parameters and "
            f"{one['multiply_adds']:,} multiply-adds"
        )
        for batch_size, speed in one["speed"].items():
            times = [report.in_words(speed[name], 1000) for name in ("seconds", "plain_seconds")]
            lines.append(
                f"  batch {batch_size:>3}: {report.in_words(speed['ratio'], digits=2)} times as fast, "
                f"{times[0]} ms instead of {times[1]} ms"
            )
    return "\n".join(lines)
