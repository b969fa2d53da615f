"""Table 2: prune potential on nominal and on shifted data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .. import metrics, published
from ..findings.words import count
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from ..results.provenance import provenance
from .table import MISSING, Table, with_spread


def prune_potential(potential: xr.DataArray, shift: xr.Dataset, name: str) -> Table:
    """Table 2: average prune potential on nominal and on shifted data, beside the paper's.

    Args:
        potential: fractions (pruner, repetition, distribution), as :func:`lostprune.metrics.prune_potential` returns.
        shift: the part that it was computed from.
        name: label in the book.

    Mean ± standard deviation (ddof 0) over repetitions, in percent; without ± where there is one repetition. A dash
    stands where the paper did not measure a network or a method.
    """
    nominal = (shift.attrs["dataset"],)
    average = metrics.overparameterization(potential, nominal).average.transpose("repetition", "pruner", "group")
    mean, deviation = over_repetitions(average)
    spread = average.sizes["repetition"] > 1
    rows = {}
    for place, method in enumerate(average.pruner.values.tolist()):
        ours = [with_spread(mean[place, group], deviation[place, group] if spread else np.nan) for group in (0, 1)]
        rows[method] = [*ours, f"{mean[place, 1] - mean[place, 0]:+.1f}", *_of_the_paper(shift.attrs, method)]
    columns = [f"{group}, {who}" for who in ("here", "paper") for group in ("nominal", "shifted", "difference")]
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    caption = (
        f"Prune potential (%) of {network_label(shift.attrs['network'])} for δ = {potential.attrs['delta'] * 100:g}%, "
        f"on nominal test data and on average over {potential.sizes['distribution'] - 1} shifted ones. Here: "
        f"{provenance(shift)}, {count(average.sizes['repetition'], 'repetition')}. Paper: Tables 2, 9 and 10 "
        "(δ = 0.5%, 19 corruptions, three repetitions, its full recipe)."
    )
    return Table(frame, caption, name)


def _of_the_paper(study: dict[str, str], method: str) -> list[str]:
    if not published.covers(study["network"], study["dataset"], study["training"]):
        return [MISSING] * 3
    row = published.overparameterization().average.sel(network=study["network"], pruner=method) * 100
    mean, deviation = row.sel(statistic="mean").values, row.sel(statistic="std").values
    return [*map(with_spread, mean, deviation), f"{mean[1] - mean[0]:+.1f}"]
