"""``lostprune bench corruptions``: images per second of every corruption, beside the plain version of its definition."""

from __future__ import annotations

import resource

import torch

from .. import corruptions, data
from ..corruptions.constants import CONSTANTS
from ..corruptions.randomness import draw_seeds
from ..runner import default_device
from . import report

SEVERITY, CONSTANT_SET = 3, "cifar10-c"


def measure(
    images: int = 10_000, plain_images: int = 10, runs: int = 5, names: tuple[str, ...] = corruptions.NAMES
) -> dict:
    """Time ``corruptions.corrupt`` on CIFAR-10's test images at severity 3, in turn with the plain versions.

    The plain ones (``tests/reference``) go image by image, in float64 and on the CPU; they are timed on fewer images,
    and all ratios are per image.

    Args:
        images: how many, at most 10,000.
        plain_images: how many of them for the plain versions.
        runs: timed calls of each, at least 1, after one that is not timed.
        names: which corruptions.

    Returns:
        What was run on what; under ``corruptions``, per name, ``images_per_second``, ``plain_images_per_second`` and
        ``ratio``; ``seconds``, of all named corruptions on all images; ``ratio``, of the plain versions' time to
        that; ``peak_bytes``, by how much the process (on a GPU: what is allocated there) grew at most, with the
        corrupted images themselves, ``output_bytes``.

    Raises:
        BenchError: there is no checkout with the plain versions.
        lostprune.data.DataUnavailable: the test images or the photographs of frost cannot be had.
    """
    device = default_device()
    plain = report.reference("corruptions")
    originals = data.load("cifar10", "test").images[:images].clone()
    few, seeds = originals[:plain_images].numpy(), draw_seeds(plain_images, torch.Generator().manual_seed(0)).tolist()
    originals = originals.to(device)
    before = _peak_bytes(device)
    found, peak = {}, 0
    for name in names:

        def fast(name: str = name) -> torch.Tensor:
            return corruptions.corrupt(originals, name, SEVERITY, CONSTANT_SET)

        def slow(name: str = name) -> None:
            constant = CONSTANTS[CONSTANT_SET][name][SEVERITY - 1]
            for image, seed in zip(few, seeds, strict=True):
                plain.corrupt(image, name, constant, seed)

        fast()  # once alone, so that the plain version takes no part in the peak
        peak = max(peak, _peak_bytes(device) - before)
        found[name] = report.alternate(fast, slow, device, runs)
        before = max(before, _peak_bytes(device) - peak)
    share = len(few) / len(originals)
    per_image = {
        name: {
            "images_per_second": _rate(len(originals), one["seconds"]),
            "plain_images_per_second": _rate(len(few), one["plain_seconds"]),
            "ratio": _times(one["ratio"], 1 / share),
        }
        for name, one in found.items()
    }
    total, plain_total = (_sum([one[key] for one in found.values()]) for key in ("seconds", "plain_seconds"))
    ratio = {key: plain_total[other] / share / total[key] for key, other in _SAME.items()}
    return {
        **report.facts("corruptions", device),
        "severity": SEVERITY,
        "constants": CONSTANT_SET,
        "images": len(originals),
        "plain_images": len(few),
        "corruptions": per_image,
        "seconds": total,
        "ratio": {**ratio, "runs": runs},
        "peak_bytes": peak,
        "output_bytes": originals.numel(),
    }
