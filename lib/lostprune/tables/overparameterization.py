"""Tables 9, 10, 12 and 13: average and minimum prune potential over the train and the test distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .. import metrics, published
from ..findings.words import count
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from ..results.provenance import provenance
from .table import Table, with_spread

_PRINTED = {
    "nominal": {"WT": "Table 9", "SiPP": "Table 9", "FT": "Table 10", "PFP": "Table 10"},
    "robust": {"WT": "Table 12", "SiPP": "Table 12", "FT": "Table 13", "PFP": "Table 13"},
}
_PLACES = [(measure, group) for measure in ("average", "minimum") for group in ("train", "test")]
COLUMNS = [f"{measure}, {group}" for measure, group in _PLACES]


def overparameterization(potential: xr.DataArray, shift: xr.Dataset, name: str) -> Table:
    """Tables 9, 10, 12 and 13: average and minimum prune potential over each group, the paper's below ours.

    Args:
        potential: fractions (pruner, repetition, distribution), as :func:`lostprune.metrics.prune_potential` returns.
        shift: the part that it was computed from.
        name: label in the book.

    Mean ± standard deviation (ddof 0) over repetitions, in percent; without ± where there is one repetition. The paper
    has no row where it did not measure a network.

    Raises:
        ValueError: there is no train or no test distribution.
    """
    train, test = metrics.groups(potential)
    attributes = shift.attrs
    paper = published.overparameterization_of(*(attributes[fact] for fact in ("network", "dataset", "training")))
    rows = {}
    for method in potential.pruner.values.tolist():
        rows[f"{method}, here"] = measured(potential.sel(pruner=method))
        if paper is not None and method in paper.pruner:
            source = _PRINTED[attributes["training"]][method]
            rows[f"{method}, {source}"] = printed(attributes["network"], method, attributes["training"])
    frame = pd.DataFrame.from_dict(rows, "index", columns=COLUMNS).rename_axis("method")
    caption = (
        f"Average and minimum prune potential (%) of {network_label(shift.attrs['network'])} for "
        f"δ = {potential.attrs['delta'] * 100:g}%, over {count(len(train), 'train distribution')} and "
        f"{count(len(test), 'test distribution')}. Here: {provenance(shift)}, "
        f"{count(potential.sizes['repetition'], 'repetition')}."
    )
    if paper is not None:
        caption += f" {paper.attrs['tables']}: the paper (δ = 0.5%, all corruptions, "
        caption += f"{count(paper.attrs['repetitions'], 'repetition')}, full recipe)."
        caption += published.other_data(attributes["network"], attributes["dataset"])
    return Table(frame, caption, name)


def measured(potential: xr.DataArray) -> list[str]:
    """The cells of one method, from its potential (repetition, distribution)."""
    ours = metrics.overparameterization(potential)
    spread = potential.sizes["repetition"] > 1
    cells = []
    for measure, group in _PLACES:
        mean, deviation = over_repetitions(ours[measure].sel(group=group))
        cells.append(with_spread(float(mean), float(deviation) if spread else np.nan))
    return cells


def printed(network: str, method: str, training: str = "nominal") -> list[str]:
    """The cells of the paper's Tables 9 and 10, or 12 and 13 after robust training."""
    row = published.overparameterization(training).sel(network=network, pruner=method) * 100
    cells = (row[measure].sel(group=group) for measure, group in _PLACES)
    return [with_spread(float(one.sel(statistic="mean")), float(one.sel(statistic="std"))) for one in cells]
