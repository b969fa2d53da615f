"""Prune potential with confidence: not in the paper."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from ..published.labels import label
from .table import Table


def potential_bounds(found: xr.Dataset, name: str) -> Table:
    """A lower bound of the prune potential for every distribution and method, beside the paper's potential.

    Args:
        found: the result of :func:`lostprune.audit.verdicts`; the first repetition is shown.
        name: label in the book.
    """
    bound, potential = (100 * found[one].isel(repetition=0) for one in ("lower_bound", "prune_potential"))
    rows = {}
    for distribution in bound["distribution"].values:
        pairs = zip(bound.sel(distribution=distribution), potential.sel(distribution=distribution), strict=True)
        rows[label(str(distribution))] = [f"{float(least):.0f} ({float(paper):.0f})" for least, paper in pairs]
    frame = pd.DataFrame.from_dict(rows, "index", columns=bound["pruner"].values).rename_axis("distribution")
    caption = (
        f"Prune potential (%) for δ = {100 * found.attrs['delta']:g}%: a lower bound with "
        f"{100 * (1 - found.attrs['alpha']):g}% confidence, and in brackets the paper's potential, which is not tested."
    )
    return Table(frame, caption, name)
