"""``lostprune bench load``: images per second that are read and augmented, against torchvision's ImageFolder."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from .. import data
from ..data.intact import workers
from ..foundations.device import default_device
from . import report

BATCH = 64


def measure(dataset: str = "tiny_imagenet", size: int = 224, runs: int = 5) -> dict:
    """Time one epoch of training images, decoded, cropped at random, resized and flipped, in turn with the plain way.

    The plain way (``tests/reference/loading.py``) is ImageFolder with torchvision's transforms and a DataLoader of as
    many workers, on the CPU. The loader decodes on the device, as training does. Every image was read once before, so
    that no disk is measured.

    Args:
        dataset: a set of image files with one class for each, whose training folder lies in the data folder.
        size: pixels on each side of what the network would see.
        runs: timed pairs, at least 1.

    Returns:
        What was run on what; ``images``, ``workers``; ``seconds``, ``plain_seconds`` and ``ratio`` (a ``spread`` each).

    Raises:
        ValueError: an unknown data set, or one that is no set of image files.
        BenchError: its images lie in an archive, which ImageFolder does not read; or there is no checkout.
        DataUnavailable: the data folder does not hold it.
        DamagedImage: an image cannot be read.
    """
    reference = report.reference("loading")
    split = data.load(dataset, "train") if dataset in data.TREES else None
    if split is None or not isinstance(split.images, data.Pictures) or not isinstance(split.labels, torch.Tensor):
        raise ValueError(
            f"dataset: got {dataset!r}, expected image files in a folder for each class, such as tiny_imagenet"
        )
    files = split.images.files
    if files.starts is not None:
        raise report.BenchError(
            f"bench load: {files.root} is an archive, and ImageFolder reads folders; extract it to compare the two"
        )
    folder = Path(os.path.commonpath([files.path(index).parent for index in (0, len(files) - 1)]))
    count, processes = len(split.labels), workers()
    sizes = [min(BATCH, count - first) for first in range(0, count, BATCH)]
    view = data.train_view(data.DATASETS[dataset], size)
    device = default_device()
    gpu = device if device.type == "cuda" else None

    def fast() -> None:
        order = torch.randperm(count)
        assert sum(len(images) for images, _ in data.batches(split, view, sizes, order, device=gpu)) == count

    def plain() -> None:
        assert sum(len(images) for images, _ in reference.batches(folder, size, BATCH, processes)) == count

    return {
        **report.facts("load", device),
        "dataset": dataset,
        "images": count,
        "size": size,
        "workers": processes,
        **report.alternate(fast, plain, device, runs),
    }


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    images, seconds, plain = measured["images"], measured["seconds"], measured["plain_seconds"]
    return "\n".join(
        (
            f"{images:,} images of {measured['dataset']}, random parts of them at {measured['size']} pixels, "
            f"{measured['workers']} workers",
            f"on {measured['device']}; torch {measured['torch_version']}, lostprune {measured['lostprune_version']}, "
            f"{measured['date']}",
            f"loader       {images / seconds['median']:,.0f} images/s; {report.in_words(seconds, digits=2)} s",
            f"ImageFolder  {images / plain['median']:,.0f} images/s; {report.in_words(plain, digits=2)} s",
            f"ratio        {report.in_words(measured['ratio'], digits=2)}, {measured['ratio']['runs']} pairs",
        )
    )
