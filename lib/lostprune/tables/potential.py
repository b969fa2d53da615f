"""Table 2: prune potential on the train and on the test distribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .. import metrics, published
from ..findings.words import count, signed, trained_on
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from ..results.provenance import provenance
from .table import MISSING, Table, with_spread


def prune_potential(potential: xr.DataArray, shift: xr.Dataset, name: str) -> Table:
    """Table 2: average prune potential on the train and on the test distribution, beside the paper's.

    Args:
        potential: fractions (pruner, repetition, distribution), as :func:`lostprune.metrics.prune_potential` returns.
        shift: the part that it was computed from.
        name: label in the book.

    Mean ± standard deviation (ddof 0) over repetitions, in percent; without ± where there is one repetition. A dash
    stands where the paper did not measure a network or a method.
    """
    _, test = metrics.groups(potential)
    average = metrics.overparameterization(potential).average.transpose("repetition", "pruner", "group")
    mean, deviation = over_repetitions(average)
    spread = average.sizes["repetition"] > 1
    printed = published.overparameterization_of(*(shift.attrs[fact] for fact in ("network", "dataset", "training")))
    rows = {}
    for place, method in enumerate(average.pruner.values.tolist()):
        ours = [with_spread(mean[place, group], deviation[place, group] if spread else np.nan) for group in (0, 1)]
        rows[method] = [*ours, signed(mean[place, 1] - mean[place, 0]), *_of_the_paper(printed, method)]
    columns = [f"{group}, {who}" for who in ("here", "paper") for group in ("train", "test", "difference")]
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    caption = (
        f"Prune potential (%) of {network_label(shift.attrs['network'])} for δ = {potential.attrs['delta'] * 100:g}%, "
        f"on {trained_on(potential)} and on average over {count(len(test), 'test distribution')}. "
        f"Here: {provenance(shift)}, {count(average.sizes['repetition'], 'repetition')}."
    )
    if printed is not None:
        repetitions = count(printed.attrs["repetitions"], "repetition")
        caption += f" Paper: {printed.attrs['tables']} (δ = 0.5%, all corruptions, {repetitions}, its full recipe)."
        caption += published.other_data(shift.attrs["network"], shift.attrs["dataset"])
    return Table(frame, caption, name)


def _of_the_paper(printed: xr.Dataset | None, method: str) -> list[str]:
    if printed is None or method not in printed.pruner:
        return [MISSING] * 3
    row = printed.average.sel(pruner=method) * 100
    mean, deviation = row.sel(statistic="mean").values, row.sel(statistic="std").values
    return [*map(with_spread, mean, deviation), signed(mean[1] - mean[0])]
