"""Benchmarks: what one step takes on this machine, with everything needed to judge the figure."""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn

from . import data, networks, pruning
from .prune_retrain import provenance
from .runner import default_device

NETWORK, DATASET, KEEP_RATIO = "resnet20", "cifar10", 0.5


def prune(runs: int = 10, methods: tuple[str, ...] = pruning.METHODS) -> dict:
    """Seconds of ``pruning.prune`` per method, each run one call on an unpruned network, after one that is not timed.

    The network is freshly initialised and the samples are random, of the number that a study takes, so that neither
    data nor training is needed. On trained networks the search for the keep ratio takes a few steps more or fewer.

    Args:
        runs: timed calls per method, at least 1.
        methods: which methods to time.

    Returns:
        What was run on what and, under ``seconds``, ``median``, ``fastest``, ``slowest`` and ``runs`` per method.

    Raises:
        ValueError: ``LOSTPRUNE_DEVICE`` names a device that is not there.
    """
    device = default_device()
    facts = data.DATASETS[DATASET]
    torch.manual_seed(0)
    network = networks.build(NETWORK, len(facts.classes)).to(device).eval()
    samples = torch.randn(pruning.sample_size(network, facts.image_shape), *facts.image_shape, device=device)
    seconds = {}
    for method in methods:
        times = [_seconds_of_one_call(network, method, samples) for _ in range(runs + 1)][1:]
        seconds[method] = {
            "median": statistics.median(times),
            "fastest": min(times),
            "slowest": max(times),
            "runs": runs,
        }
    return {
        "benchmark": "prune",
        "network": NETWORK,
        "keep_ratio": KEEP_RATIO,
        "samples": len(samples),
        **provenance(device),
        "seconds": seconds,
    }


def _seconds_of_one_call(network: nn.Module, method: str, samples: torch.Tensor) -> float:
    started = time.perf_counter()
    pruning.prune(network, method, KEEP_RATIO, samples)
    if samples.is_cuda:
        torch.cuda.synchronize(samples.device)  # the call may return before the device is done
    return time.perf_counter() - started


def in_words(measured: dict) -> str:
    """The same as lines for a reader, times in milliseconds."""
    lines = [
        f"one call of pruning.prune: {measured['network']}, freshly initialised, {measured['keep_ratio']:.0%} of its "
        f"parameters kept, {measured['samples']} random samples",
        f"on {measured['device']}; torch {measured['torch_version']}, lostprune {measured['lostprune_version']}, "
        f"{measured['date']}",
    ]
    for method, one in measured["seconds"].items():
        median, fastest, slowest = (1000 * one[name] for name in ("median", "fastest", "slowest"))
        lines.append(
            f"{method:>5}  median {median:8.1f} ms  fastest {fastest:8.1f}  slowest {slowest:8.1f}  {one['runs']} runs"
        )
    return "\n".join(lines)
