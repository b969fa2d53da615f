"""Tables 9 and 10: average and minimum prune potential over the train and the test distributions."""

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

_PRINTED = {"WT": "Table 9", "SiPP": "Table 9", "FT": "Table 10", "PFP": "Table 10"}
_PLACES = [(measure, group) for measure in ("average", "minimum") for group in ("train", "test")]
COLUMNS = [f"{measure}, {group}" for measure, group in _PLACES]


def overparameterization(potential: xr.DataArray, shift: xr.Dataset, train: tuple[str, ...], name: str) -> Table:
    """Tables 9 and 10: average and minimum prune potential over each group of distributions, the paper's below ours.

    Args:
        potential: fractions (pruner, repetition, distribution), as :func:`lostprune.metrics.prune_potential` returns.
        shift: the part that it was computed from.
        train: the distributions that the networks were trained on; all others are test distributions.
        name: label in the book.

    Mean ± standard deviation (ddof 0) over repetitions, in percent; without ± where there is one repetition. The paper
    has no row where it did not measure a network.

    Raises:
        ValueError: a train distribution is not there.
    """
    covered = published.covers(*(shift.attrs[fact] for fact in ("network", "dataset", "training")))
    rows = {}
    for method in potential.pruner.values.tolist():
        rows[f"{method}, here"] = measured(potential.sel(pruner=method), train)
        if covered:
            rows[f"{method}, {_PRINTED[method]}"] = printed(shift.attrs["network"], method)
    frame = pd.DataFrame.from_dict(rows, "index", columns=COLUMNS).rename_axis("method")
    test = potential.sizes["distribution"] - len(train)
    caption = (
        f"Average and minimum prune potential (%) of {network_label(shift.attrs['network'])} for "
        f"δ = {potential.attrs['delta'] * 100:g}%, over {count(len(train), 'train distribution')} and "
        f"{count(test, 'test distribution')}. Here: {provenance(shift)}, "
        f"{count(potential.sizes['repetition'], 'repetition')}."
    )
    if covered:
        caption += " Tables 9 and 10 are the paper's (δ = 0.5%, all corruptions, three repetitions, its full recipe)."
    return Table(frame, caption, name)


def measured(potential: xr.DataArray, train: tuple[str, ...]) -> list[str]:
    """The cells of one method, from its potential (repetition, distribution)."""
    ours = metrics.overparameterization(potential, train)
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
