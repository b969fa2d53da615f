"""``lostprune bench corruptions``: images per second of every corruption, beside its plain version."""

from __future__ import annotations

import sys

import torch

from .. import corruptions, data
from ..corruptions.constants import CONSTANTS
from ..corruptions.randomness import draw_seeds
from ..foundations.device import default_device
from . import report

SEVERITY, CONSTANT_SET = 3, "cifar10-c"


def measure(images: int = 10_000, plain_images: int = 10, runs: int = 5) -> dict:
    """Time ``corruptions.corrupt`` on CIFAR-10's test images at severity 3, in turn with the plain versions.

    The plain ones (``tests/reference``) go image by image, in float64 on the CPU; they are timed on fewer images, and
    ratios are of the times per image. Every run does all 19 corruptions, after one that is not timed.

    Args:
        images: how many, at most 10,000.
        plain_images: how many of them for the plain versions.
        runs: timed runs, at least 1.

    Returns:
        What was run on what; under ``corruptions``, per name, ``images_per_second``, ``plain_images_per_second`` and
        ``ratio``; ``seconds`` of all 19 on all images, and ``ratio`` of all 19; ``peak_bytes``, by how much the
        memory in use grew at most, with the corrupted images themselves, ``output_bytes``: on a GPU what torch has
        allocated there, else of the process (``None`` where the system does not tell).

    Raises:
        BenchError: there is no checkout with the plain versions.
        DataUnavailable: the test images or the photographs of frost are not available.
    """
    device = default_device()
    plain = report.reference("corruptions")
    originals = data.load("cifar10", "test").images[:images].clone()
    few, seeds = originals[:plain_images].numpy(), draw_seeds(plain_images, torch.Generator().manual_seed(0)).tolist()
    originals = originals.to(device)

    def fast(name: str) -> None:
        corruptions.corrupt(originals, name, SEVERITY, CONSTANT_SET)

    def slow(name: str) -> None:
        constant = CONSTANTS[CONSTANT_SET][name][SEVERITY - 1]
        for image, seed in zip(few, seeds, strict=True):
            plain.corrupt(image, name, constant, seed)

    before = _peak_bytes(device)
    for name in corruptions.NAMES:  # the fast ones alone first: the plain versions take no part in the peak
        fast(name)
    after = _peak_bytes(device)
    seconds, plain_seconds = {}, {}  # per image, of every run
    for name in corruptions.NAMES:
        slow(name)
        pairs = [
            (
                report.seconds_of(lambda name=name: fast(name), device),
                report.seconds_of(lambda name=name: slow(name), device),
            )
            for _ in range(runs)
        ]
        seconds[name] = [one / len(originals) for one, _ in pairs]
        plain_seconds[name] = [other / len(few) for _, other in pairs]
    total, plain_total = (
        [sum(run) for run in zip(*by_name.values(), strict=True)] for by_name in (seconds, plain_seconds)
    )
    return {
        **report.facts("corruptions", device),
        "severity": SEVERITY,
        "constants": CONSTANT_SET,
        "images": len(originals),
        "plain_images": len(few),
        "corruptions": {
            name: {
                "images_per_second": report.spread([1 / one for one in seconds[name]]),
                "plain_images_per_second": report.spread([1 / one for one in plain_seconds[name]]),
                "ratio": _ratio(seconds[name], plain_seconds[name]),
            }
            for name in corruptions.NAMES
        },
        "seconds": report.spread([one * len(originals) for one in total]),
        "ratio": _ratio(total, plain_total),
        "peak_bytes": None if before is None else after - before,
        "output_bytes": originals.numel(),
    }


def _ratio(seconds: list[float], plain_seconds: list[float]) -> dict:
    return report.spread([other / one for one, other in zip(seconds, plain_seconds, strict=True)])


def _peak_bytes(device: torch.device) -> int | None:
    """The most memory that was in use at any time until now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    lines = [
        f"19 corruptions at severity {measured['severity']}, {measured['constants']}: {measured['images']:,} images of "
        f"CIFAR-10's test set; the plain versions on {measured['plain_images']}, on the CPU",
        f"on {measured['device']} ({measured['threads']} threads); torch {measured['torch_version']}, lostprune "
        f"{measured['lostprune_version']}, {measured['date']}",
        "images per second, median (range); beside it the plain version, and how many times faster",
    ]
    for name, one in measured["corruptions"].items():
        plain = report.in_words(one["plain_images_per_second"], digits=0)
        lines.append(
            f"{name:>18}  {report.in_words(one['images_per_second'], digits=0):<26} {plain:<18} "
            f"{report.in_words(one['ratio'], digits=0)}"
        )
    lines.append(
        f"all 19 on all images: {report.in_words(measured['seconds'], digits=2)} s, {measured['seconds']['runs']} "
        f"runs; {report.in_words(measured['ratio'], digits=0)} times the plain versions' images per second"
    )
    if measured["peak_bytes"] is not None:
        lines.append(
            f"memory grew by at most {measured['peak_bytes'] / 1e6:.0f} MB, {measured['output_bytes'] / 1e6:.0f} MB of "
            "them the corrupted images"
        )
    return "\n".join(lines)
