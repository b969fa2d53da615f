"""From what was measured of two networks to the datasets of a comparison."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr

from ..metrics.flips import mcnemar_p
from ..metrics.sampling import image_weights
from ..tasks import Task
from . import paired
from .measured import NETWORKS, Example, Measured
from .resampled import RESAMPLES, drawn_differences, resampled_verdict

THUMBNAIL = 96  # pixels; larger images are shown smaller


def outcome(
    measured: dict[str, Measured], task: Task, classes: tuple[str, ...], delta: float, alpha: float, seed: int
) -> xr.Dataset:
    """Errors, flips and verdicts over ``distribution``; the nominal one comes first."""
    counts = {name: one.joined() for name, one in measured.items()}
    rows = [_row(task, *pair, delta, alpha, seed) for pair in counts.values()]
    for row in rows:
        if row["verdict"] != paired.CANNOT_TELL:
            row["images_needed"] = np.nan
    names = {"distribution": list(measured)}
    found = {key: xr.DataArray([row[key] for row in rows], names) for key in rows[0]}
    both = {"network": list(NETWORKS)} | names
    errors = [[task.error(pair[place]) for pair in counts.values()] for place in range(2)]
    found["error"] = xr.DataArray(errors, both)
    calibration = [one.calibration_errors() for one in measured.values()]
    found["calibration_error"] = xr.DataArray(np.transpose(calibration), both)
    if len(measured) > 1:
        found |= _excess(task, list(counts.values()), found["difference"].values, alpha, seed)
    if next(iter(measured.values())).labels:
        found |= _flips(measured, counts, classes)
    return xr.Dataset(found)


def _row(task: Task, parent: torch.Tensor, pruned: torch.Tensor, delta: float, alpha: float, seed: int) -> dict:
    """The statistics of one distribution."""
    images = len(parent)
    if parent.dim() > 2:
        pixels = (task.pixels(counts).numpy() for counts in (parent, pruned))
        drawn = resampled_verdict(*pixels, delta, alpha, seed=seed)._asdict()
        flips = dict.fromkeys(("negative_flip_rate", "positive_flip_rate", "mcnemar_p"), np.nan)
        return {"images": images} | flips | drawn
    lost = int((pruned[:, 0] > parent[:, 0]).sum())
    won = int((pruned[:, 0] < parent[:, 0]).sum())
    lower, upper = paired.bounds(lost, won, images, alpha)
    verdict = str(paired.verdict(lost, won, images, delta, alpha))
    return {
        "images": images,
        "difference": (lost - won) / images,
        "negative_flip_rate": lost / images,
        "positive_flip_rate": won / images,
        "mcnemar_p": float(mcnemar_p(lost, won)),
        "lower": float(lower),
        "upper": float(upper),
        "verdict": verdict,
        "p_unsafe": float(paired.p_unsafe(lost, won, images, delta)),
        "minimum_detectable": float(paired.minimum_detectable(lost, won, images, alpha)),
        "images_needed": float(paired.images_needed(lost, won, images, delta, alpha)),
    }


def _excess(
    task: Task, counts: list[tuple[torch.Tensor, torch.Tensor]], differences: np.ndarray, alpha: float, seed: int
) -> dict[str, float]:
    """The difference in excess error: the mean loss over the shifts, less the nominal one (Definition 2).

    Images are drawn, not pairs of image and corruption: every corrupted set has the same images.
    """
    drawn, weights = [], {}
    for parent, pruned in counts:
        if parent.dim() > 2:
            pixels = (task.pixels(counts).numpy() for counts in (parent, pruned))
            drawn.append(drawn_differences(*pixels, RESAMPLES, seed))
            continue
        images = len(parent)
        if images not in weights:
            weights[images] = image_weights(images, RESAMPLES, seed)
        drawn.append(weights[images] @ (pruned[:, 0] - parent[:, 0]).numpy().astype(np.float32) / images)
    lower, upper = np.quantile(np.mean(drawn[1:], 0) - drawn[0], [alpha, 1 - alpha])
    return {
        "excess_error_difference": differences[1:].mean() - differences[0],
        "excess_lower": lower,
        "excess_upper": upper,
    }


def _flips(
    measured: dict[str, Measured], counts: dict[str, tuple[torch.Tensor, torch.Tensor]], classes: tuple[str, ...]
) -> dict[str, xr.DataArray]:
    """Images of each class that only one network gets right."""
    labels = {name: torch.cat(one.labels) for name, one in measured.items()}
    changes = {name: pruned[:, 0] - parent[:, 0] for name, (parent, pruned) in counts.items()}
    chosen = {
        "negative_flips": {name: change > 0 for name, change in changes.items()},
        "positive_flips": {name: change < 0 for name, change in changes.items()},
        "class_images": {name: torch.ones_like(change) > 0 for name, change in changes.items()},
    }
    both = {"distribution": list(measured), "class": list(classes)}
    return {
        variable: xr.DataArray(
            np.stack([labels[name][which].bincount(minlength=len(classes)).numpy() for name, which in one.items()]),
            both,
        )
        for variable, one in chosen.items()
    }


def changed(measured: dict[str, Measured]) -> xr.Dataset:
    """The images that are shown, over ``example``: pixels uint8 [example, row, column, colour], and what they are."""
    rows: list[tuple[str, str, Example]] = [
        (name, direction, example)
        for name, one in measured.items()
        for direction, examples in (("lost", one.lost), ("won", one.won))
        for example in examples
    ]
    small = [_thumbnail(example.image) for _, _, example in rows]
    height, width = (max((image.shape[side] for image in small), default=1) for side in (0, 1))
    pixels = np.zeros((len(rows), height, width, 3), np.uint8)
    for image, into in zip(small, pixels, strict=True):
        into[: image.shape[0], : image.shape[1]] = image
    coordinates = {
        "example": np.arange(len(rows)),
        "row": np.arange(height),
        "column": np.arange(width),
        "colour": ["red", "green", "blue"],
    }
    found = {
        "of": np.array([name for name, _, _ in rows], "U"),
        "direction": np.array([direction for _, direction, _ in rows], "U"),
    }
    found["weight"] = np.array([example.weight for _, _, example in rows], float)
    named = {"index": "index", "label": "label", "parent": "parent_says", "pruned": "pruned_says"}
    for key, variable in named.items():
        found[variable] = np.array([getattr(example, key) for _, _, example in rows], int)
    variables = {key: xr.DataArray(values, dims="example") for key, values in found.items()}
    variables["pixels"] = xr.DataArray(pixels, dims=("example", "row", "column", "colour"))
    return xr.Dataset(variables, coordinates)


def _thumbnail(image: torch.Tensor) -> np.ndarray:
    """uint8 [h, w, 3], at most :data:`THUMBNAIL` pixels high and wide."""
    scale = THUMBNAIL / max(image.shape[1:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[1:]]
        image = F.interpolate(image[None].float(), size=size, mode="area")[0].round().to(torch.uint8)
    return image.expand(3, -1, -1).permute(1, 2, 0).numpy()
