"""``lostprune bench prune``: what one call of ``pruning.prune`` takes."""

from __future__ import annotations

import torch

from .. import data, networks, pruning
from ..foundations.device import default_device
from . import report

DATASET, KEEP_RATIO = "cifar10", 0.5


def measure(network: str = "resnet20", runs: int = 5, methods: tuple[str, ...] = pruning.METHODS) -> dict:
    """Seconds of ``pruning.prune`` per method, each run one call on an unpruned network, after one that is not timed.

    Every run computes the scores; then it prunes once more with the same scores.

    The network is freshly initialised and the samples are random, of the number that a study takes, so that neither
    data nor training is needed. On trained networks the search for the keep ratio takes a few steps more or fewer.

    Args:
        network: a registered network.
        runs: timed calls per method, at least 1.
        methods: which methods to time.

    Returns:
        What was run on what and, under ``seconds`` and ``again_seconds`` (the second time), ``median``, ``smallest``,
        ``largest`` and ``runs`` per method.

    Raises:
        ValueError: an unknown network, or ``LOSTPRUNE_DEVICE`` names a device that is not there.
    """
    device = default_device()
    dataset = data.DATASETS[DATASET]
    torch.manual_seed(0)
    net = networks.build(network, len(dataset.classes)).to(device).eval()
    samples = torch.randn(pruning.sample_size(net, dataset.image_shape), *dataset.image_shape, device=device)

    def both(method: str) -> tuple[float, float]:
        first = report.seconds_of(lambda: pruning.prune(net, method, KEEP_RATIO, samples), device)
        scores = pruning.scores(net, method, samples)
        again = report.seconds_of(lambda: pruning.prune(net, method, KEEP_RATIO, samples, scores=scores), device)
        return first, again

    seconds = {method: [both(method) for _ in range(runs + 1)][1:] for method in methods}
    return {
        **report.facts("prune", device),
        "network": network,
        "keep_ratio": KEEP_RATIO,
        "samples": len(samples),
        "seconds": {method: report.spread([first for first, _ in pairs]) for method, pairs in seconds.items()},
        "again_seconds": {method: report.spread([again for _, again in pairs]) for method, pairs in seconds.items()},
    }


def in_words(measured: dict) -> str:
    """The same as lines for a reader, times in milliseconds."""
    lines = [
        f"one call of pruning.prune: {measured['network']}, freshly initialised, {measured['keep_ratio']:.0%} of its "
        f"parameters kept, {measured['samples']} random samples",
        f"on {measured['device']}; torch {measured['torch_version']}, lostprune {measured['lostprune_version']}, "
        f"{measured['date']}",
    ]
    for method, one in measured["seconds"].items():
        again = measured["again_seconds"][method]
        lines.append(
            f"{method:>5}  median (range) {report.in_words(one, 1000)} ms; with the same scores once more "
            f"{report.in_words(again, 1000)} ms, {one['runs']} runs"
        )
    return "\n".join(lines)
