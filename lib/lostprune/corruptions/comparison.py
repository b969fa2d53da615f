"""How the generated corruptions differ from those of the published CIFAR-10-C."""

from __future__ import annotations

import os
from itertools import product

import torch
from tqdm.auto import tqdm

from ..data import load, locate
from .cifar10c import CIFAR10_C, PublishedArchive, published_corruption
from .registry import NAMES, corrupt
from .severities import SEVERITIES

_IMAGES_AT_ONCE = 1000


def compare_published(folder: str | os.PathLike | None = None, archive: PublishedArchive = CIFAR10_C) -> dict:
    """Statistics of the published and of the generated images, for every corruption and severity.

    Args:
        folder: the data folder, see :func:`lostprune.data.locate`.
        archive: another archive of the same form.

    Returns:
        ``archive``, where it lies; ``images`` per severity; and ``rows``, each with ``corruption``, ``severity``,
        ``published`` and ``generated`` (``mean`` and ``std`` of the values in [0, 1], ``rms_change``, the root of the
        mean square of what the corruption changed) and ``within_one_level``, the share of values in [0, 1] that
        differ by at most one of 255 levels. Only what involves no chance can come near 1 there.

    Raises:
        DataUnavailable: the archive is damaged, or the test images are not available.
        FileNotFoundError: the archive does not lie in the folder.
    """
    folder = locate(folder)
    path = archive.path(folder)
    if path is None:
        raise FileNotFoundError(
            f"{archive.folder}: neither {archive.source.file} nor the folder that it extracts to lies in {folder}; "
            "run `lostprune data cifar10-c` to fetch it"
        )
    before = load("cifar10", "test", folder).images[: archive.images]
    rows = []
    for name, severity in tqdm(list(product(NAMES, SEVERITIES)), desc="comparing", leave=False):
        published = published_corruption(name, severity, folder=folder, archive=archive)
        generated = corrupt(before, name, severity)
        rows.append({"corruption": name, "severity": severity, **_differences(before, published, generated)})
    return {"archive": str(path), "images": len(before), "rows": rows}


def _differences(before: torch.Tensor, published: torch.Tensor, generated: torch.Tensor) -> dict:
    """All uint8 [n, 3, h, w]; in parts, since float64 takes eight times the memory."""
    sums, near = torch.zeros(2, 3, dtype=torch.float64), 0
    parts = (images.split(_IMAGES_AT_ONCE) for images in (before, published, generated))
    for old, *new in zip(*parts, strict=True):
        old, first, second = (images.double() / 255 for images in (old, *new))
        for row, values in enumerate((first, second)):
            sums[row] += torch.stack([values.sum(), values.square().sum(), (values - old).square().sum()])
        near += int((new[0].short() - new[1].short()).abs().le(1).sum())
    mean, square, change = (sums / before.numel()).unbind(1)
    std, rms_change = (square - mean.square()).clamp(min=0).sqrt(), change.sqrt()
    statistics = [
        {"mean": mean[row].item(), "std": std[row].item(), "rms_change": rms_change[row].item()} for row in (0, 1)
    ]
    return {"published": statistics[0], "generated": statistics[1], "within_one_level": near / before.numel()}


def in_words(compared: dict) -> str:
    """The comparison as a table for a reader: statistics of the published set, what is generated relative to them."""
    lines = [
        f"generated images beside {compared['archive']}, {compared['images']:,} images per severity",
        "mean, std and rms change: of the published set, and by how much the generated one differs from it",
        f"{'corruption':<18}{'severity':>9}{'mean':>16}{'std':>16}{'rms change':>16}{'within 1 level':>16}",
    ]
    for row in compared["rows"]:
        cells = "".join(
            f"{row['published'][key]:>9.4f}{_relative(row['generated'][key], row['published'][key]):>7}"
            for key in ("mean", "std", "rms_change")
        )
        lines.append(f"{row['corruption']:<18}{row['severity']:>9}{cells}{row['within_one_level']:>15.2%}")
    return "\n".join(lines)


def _relative(got: float, expected: float) -> str:
    return f"{got / expected - 1:+.1%}" if expected else "–"
