"""Where the numbers of a dataset come from, as a reader sees it."""

from __future__ import annotations

import xarray as xr

from ..study.scales import SCALES, scale_of


def provenance(*datasets: xr.Dataset) -> str:
    """One line that every figure prints: ``scale quick · CPU, 2 threads · 2026-11-22 · seed 0``.

    Where the networks were trained on another device than they were evaluated on, both are said, and so are weights
    that they began with, and of image files how many classes at which size. Of several datasets all days are said, and
    what else differs after a semicolon.
    """
    days: dict[tuple[str, str, int, str], set[str]] = {}
    for dataset in datasets:
        attributes = dataset.attrs
        device, trained = attributes["device"], attributes["training_device"]
        if trained != device:
            device = f"trained on {trained}, evaluated on {device}"
        weights = f" · began with {attributes['weights']}" if attributes.get("weights") else ""
        key = _scale(attributes["scale"], attributes["dataset"]), device, attributes["seed"], weights
        days.setdefault(key, set()).add(attributes["date"][:10])
    return "; ".join(
        f"scale {scale} · {device} · {', '.join(sorted(dates))} · seed {seed}{weights}"
        for (scale, device, seed, weights), dates in days.items()
    )


def _scale(name: str, dataset: str) -> str:
    if name not in SCALES:  # of an audit
        return name
    scale = scale_of(name, dataset)
    classes = [f"{scale.classes} classes"] if scale.classes else []
    pixels = [f"{scale.image_size} pixels"] if scale.image_size else []
    return f"{name} ({', '.join(classes + pixels)})" if classes + pixels else name
