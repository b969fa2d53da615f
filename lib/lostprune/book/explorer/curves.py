"""What the explorer draws, as one JSON object: the curves of the book's studies, and the paper's numbers."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from ... import corruptions, metrics, published
from ...figures.style import color_of
from ...measurement.test_sets import SEVERITY
from ...published.labels import accuracy_label, label, network_label
from ...results.provenance import provenance
from ...study import Study
from ..shown import Results

DIGITS = 4  # of the fractions that the paper prints as percent with two
_CHAIN = ("repetition", "cycle")


def as_json(found: Results) -> str:
    """All studies that have the parts ``curves`` and ``shift``, as JSON that may stand inside a ``<script>``.

    Errors and prune ratios are fractions, written so that they are read back bit by bit; ``null`` marks a cycle that
    was not reached. Arrays are nested as ``[distribution][repetition][cycle]`` for every method.
    """
    shown = {study: parts for study, parts in found.items() if {"curves", "shift"} <= set(parts)}
    methods = {method: color_of(method) for study in shown for method in study.methods}
    content = {
        "delta": metrics.DELTA,
        "rounding": metrics.ROUNDING,
        "severity": SEVERITY,
        "colors": methods,
        "studies": [_study(study, parts) | {"line": line} for line, (study, parts) in enumerate(shown.items())],
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("</", "<\\/")  # would end the script


def _study(study: Study, parts: dict[str, xr.Dataset]) -> dict:
    curves, shift = parts["curves"], parts["shift"]
    train = metrics.groups(shift)[0]
    names = shift.distribution.values.tolist()
    names.sort(key=lambda name: name not in train)  # train distributions first; the others keep their order
    return {
        "id": "-".join((study.network, study.dataset, study.training, study.scale.name, f"s{study.seed}")),
        "network": network_label(study.network),
        "dataset": label(study.dataset),
        "measure": accuracy_label(study.dataset),
        "training": study.training,
        "scale": study.scale.name,
        "provenance": provenance(shift),
        "methods": shift.pruner.values.tolist(),
        "repetitions": shift.sizes["repetition"],
        "ratio": _by_method(curves.prune_ratio),
        "distributions": [
            {
                "name": name,
                "label": label(name),
                "group": "train" if name in train else "test",
                "corrupted": name in corruptions.NAMES,
            }
            for name in names
        ],
        "error": _by_method(shift.error.sel(distribution=names), "distribution"),
        "severities": _severities(parts.get("severities"), names),
        "noise": _noise(parts.get("noise")),
        "paper": _paper(study),
    }


def _severities(part: xr.Dataset | None, names: list[str]) -> dict | None:
    if part is None:
        return None
    known = [name for name in names if name in part.distribution.values]
    return {
        "distributions": known,
        "levels": part.severity.values.tolist(),
        "error": _by_method(part.error.sel(distribution=known), "severity", "distribution"),
    }


def _noise(part: xr.Dataset | None) -> dict | None:
    if part is None:
        return None
    return {"levels": part.noise_level.values.tolist(), "error": _by_method(part.error, "noise_level")}


def _paper(study: Study) -> dict | None:
    """What the paper prints of the same network on the same data, by method; its standard deviations too."""
    potential = published.overparameterization_of(study.network, study.dataset, study.training)
    if potential is None:
        return None
    potential = potential.round(DIGITS)
    paper = {
        "source": potential.attrs["source"],
        "distribution": published.NETWORKS[study.network],
        "dataset": label(published.NETWORKS[study.network]),
        "potential": {
            method: {
                f"{measure} {group}": _numbers(potential[measure].sel(pruner=method, group=group))
                for measure in ("average", "minimum")
                for group in ("train", "test")
            }
            for method in potential.pruner.values.tolist()
        },
        "commensurate": {},
    }
    if study.training == "nominal":
        nominal = published.prune_results().sel(network=study.network).round(DIGITS)
        paper["source"] += "; " + nominal.attrs["source"].removeprefix(f"{published.PAPER}, ")
        error = (nominal.parent_error + nominal.error_difference).round(DIGITS)
        paper["parent_error"] = float(nominal.parent_error)
        paper["commensurate"] = {
            method: [float(nominal.prune_ratio.sel(pruner=method)), float(error.sel(pruner=method))]
            for method in nominal.pruner.values.tolist()
        }
    paper["source"] += "." + published.other_data(study.network, study.dataset)
    return paper


def _by_method(values: xr.DataArray, *first: str) -> dict[str, list]:
    return {
        method: _numbers(values.sel(pruner=method).transpose(*first, *_CHAIN))
        for method in values.pruner.values.tolist()
    }


def _numbers(values: xr.DataArray) -> list:
    """Nested lists, as JSON knows them: ``None`` for NaN."""
    return np.where(values.isnull(), None, values.values.astype(object)).tolist()
