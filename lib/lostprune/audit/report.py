"""A comparison as one page of HTML that needs no connection and no other file."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path

import jinja2
import numpy as np
import xarray as xr
from PIL import Image

from ..foundations.store import write_whole
from ..published.labels import label
from . import guidelines, words
from .potentials import Recommendation

_MAGNIFIED = 96  # pixels; small images are shown larger


def write_report(
    tree: xr.DataTree,
    path: str | os.PathLike,
    verdicts: xr.Dataset | None = None,
    best: Recommendation | None = None,
    applied: list[guidelines.Guideline] | None = None,
    remarks: Sequence[str] = (),
) -> Path:
    """Write what :func:`lostprune.audit.compare` found as a page to read.

    Args:
        tree: the result of ``compare``, or the same read from a file.
        path: path of the page, ``….html``; an existing file is replaced.
        verdicts, best: results of an audit, shown above the comparison.
        applied: guidelines to show; ``None`` shows those of the comparison.
        remarks: sentences on how the audit was made.

    Raises:
        OSError: it cannot be written; an existing page then stays as it was.
    """
    path, text = Path(path), page(tree, verdicts, best, applied, remarks)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
    return path


def page(
    tree: xr.DataTree,
    verdicts: xr.Dataset | None = None,
    best: Recommendation | None = None,
    applied: list[guidelines.Guideline] | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """The text of the page that :func:`write_report` writes."""
    audit = None if best is None else _audit(verdicts, best) | {"remarks": " ".join(remarks)}
    return _template().render(**_contents(tree), audit=audit, guidelines=applied or guidelines.of_comparison(tree))


def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters |= {"percent": words.percent, "points": words.points, "margin": words.margin, "label": label}
    return environment.from_string((Path(__file__).parent / "report.html").read_text(encoding="utf-8"))


def _contents(tree: xr.DataTree) -> dict:
    found = tree.to_dataset()
    return {
        "attrs": tree.attrs,
        "headline": words.headline(tree),
        "rows": _rows(found, tree.attrs["delta"]),
        "excess": _excess(found),
        "flips": words.flips(tree),
        "classes": _classes(found, tree.attrs["nominal"]),
        "galleries": _galleries(tree["changed"].to_dataset(), found),
        "noise": _noise(tree["noise"].to_dataset()),
        "costs": _costs(found),
    }


def _audit(verdicts: xr.Dataset, best: Recommendation) -> dict:
    """How far every method may prune on every distribution, and what is recommended."""
    bound, potential = (verdicts[name].isel(repetition=0) for name in ("lower_bound", "prune_potential"))
    rows = []
    for name in bound["distribution"].values:
        cells = [
            {
                "bound": float(bound.sel(pruner=pruner, distribution=name)),
                "potential": float(potential.sel(pruner=pruner, distribution=name)),
            }
            for pruner in bound["pruner"].values
        ]
        rows.append({"name": str(name), "cells": cells})
    return {
        "pruners": [str(name) for name in bound["pruner"].values],
        "rows": rows,
        "best": best,
        "words": words.recommendation(best),
    }


def _rows(found: xr.Dataset, delta: float) -> list[dict]:
    """One distribution each; places on the axis of differences in percent of its width."""
    lowest, highest = min(float(found.lower.min()), 0.0), max(float(found.upper.max()), delta)
    margin = 0.05 * (highest - lowest)

    def place(value: float) -> float:
        return round(100 * (value - lowest + margin) / (highest - lowest + 2 * margin), 2)

    rows = []
    for name in found.distribution.values:
        one = found.sel(distribution=name)
        rows.append(
            {key: one[key].item() for key in ("verdict", "difference", "lower", "upper", "images", "mcnemar_p")}
            | {key: one[key].item() for key in ("negative_flip_rate", "positive_flip_rate", "minimum_detectable")}
            | {network: one.error.sel(network=network).item() for network in ("parent", "pruned")}
            | {f"{network}_ece": one.calibration_error.sel(network=network).item() for network in ("parent", "pruned")}
            | {
                "name": str(name),
                "group": str(one.group.item()),
                "words": words.verdict_in_words(one),
                "zero": place(0),
                "margin": place(delta),
                "from": place(float(one.lower)),
                "width": max(round(place(float(one.upper)) - place(float(one.lower)), 2), 0.4),
                "dot": place(float(one.difference)),
            }
        )
    return rows


def _excess(found: xr.Dataset) -> dict[str, float] | None:
    if "excess_error_difference" not in found:
        return None
    return {
        "value": float(found.excess_error_difference),
        "lower": float(found.excess_lower),
        "upper": float(found.excess_upper),
    }


def _classes(found: xr.Dataset, nominal: str, most: int = 20) -> list[dict]:
    """The classes that lose most over all distributions, with what they lose and win on the test set and overall."""
    if "negative_flips" not in found:
        return []
    summed = found[["negative_flips", "positive_flips", "class_images"]].sum("distribution")
    own = found.sel(distribution=nominal)
    share = (summed.negative_flips / summed.class_images.clip(1)).values
    largest = max(share.max(), 1e-9)
    order = np.argsort(-share, kind="stable")[:most]
    return [
        {
            "name": str(found["class"].values[place]),
            "lost": int(own.negative_flips[place]),
            "won": int(own.positive_flips[place]),
            "images": int(own.class_images[place]),
            "share": float(share[place]),
            "bar": round(100 * share[place] / largest, 1),
        }
        for place in order.tolist()
    ]


def _galleries(changed: xr.Dataset, found: xr.Dataset) -> list[dict]:
    """The images that change, by distribution."""
    names = found["class"].values if "class" in found.coords else None
    galleries: dict[str, dict] = {}
    for place in range(changed.sizes["example"]):
        one = changed.isel(example=place)
        gallery = galleries.setdefault(str(one.of.item()), {"name": str(one.of.item()), "lost": [], "won": []})
        says = {"pixels": _png(one.pixels.values), "index": int(one["index"]), "weight": float(one.weight)}
        for variable in ("label", "parent_says", "pruned_says"):
            says[variable] = str(names[int(one[variable])]) if names is not None and int(one[variable]) >= 0 else ""
        gallery[str(one.direction.item())].append(says)
    return list(galleries.values())


def _png(pixels: np.ndarray) -> str:
    """An image as a data address; small ones magnified, pixel by pixel."""
    image, content = Image.fromarray(pixels), io.BytesIO()
    times = max(1, _MAGNIFIED // max(image.size))
    image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST).save(
        content, "png", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _noise(noise: xr.Dataset) -> list[dict]:
    return [
        {"level": float(level), "matching": float(matching), "distance": float(distance)}
        for level, matching, distance in zip(
            noise.noise_level, noise.matching_predictions, noise.softmax_distance, strict=True
        )
    ]


def _costs(found: xr.Dataset) -> list[tuple[str, str, str, str]]:
    """What it is, of the parent, of the pruned network, and how the second stands to the first."""
    milliseconds = 1000 * found.latency
    rows = [
        ("Parameters", found.parameters, "{:,.0f}"),
        ("Nonzero parameters", found.nonzero_parameters, "{:,.0f}"),
        ("Multiply-adds for one image", found.multiply_adds, "{:,.0f}"),
        ("Milliseconds for one image, shortest", milliseconds.sel(quantile=0.0), "{:.2f}"),
        ("Milliseconds for one image, median", milliseconds.sel(quantile=0.5), "{:.2f}"),
    ]
    table = []
    for name, values, form in rows:
        parent, pruned = (float(values.sel(network=network)) for network in ("parent", "pruned"))
        known = np.isfinite(parent) and np.isfinite(pruned) and parent
        texts = [form.format(value) if np.isfinite(value) else "unknown" for value in (parent, pruned)]
        table.append((name, *texts, words.percent(pruned / parent, 0) if known else ""))
    return table
