"""Where the numbers of a dataset come from, as a reader sees it."""

from __future__ import annotations

import xarray as xr


def provenance(dataset: xr.Dataset) -> str:
    """One line that every figure prints: ``scale quick · CPU, 2 threads · 2026-11-22 · seed 0``.

    Where the networks were trained on another device than they were evaluated on, both are said.
    """
    attributes = dataset.attrs
    device, trained = attributes["device"], attributes["training_device"]
    if trained != device:
        device = f"trained on {trained}, evaluated on {device}"
    return f"scale {attributes['scale']} · {device} · {attributes['date'][:10]} · seed {attributes['seed']}"
