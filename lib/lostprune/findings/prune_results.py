"""Appendix B: what can be pruned at commensurate accuracy, and with which kind of method."""

from __future__ import annotations

import xarray as xr

from .. import metrics
from ..pruning import of_kind
from .words import listing


def weights_against_filters(curves: xr.Dataset, delta: float) -> str:
    """Whether methods that prune weights remove more parameters at commensurate accuracy than those that prune filters.

    Empty where the study has no methods of both kinds.
    """
    found = metrics.commensurate(curves, delta)
    kinds = [of_kind(found.pruner.values.tolist(), prunes) for prunes in ("weights", "filters")]
    if not all(kinds):
        return ""
    ratio = found.prune_ratio.where(found.within)
    weights, filters = (ratio.sel(pruner=kind) for kind in kinds)
    tested = curves.prune_ratio.sel(cycle=slice(1, None)).notnull().any(["cycle", "repetition"])
    if not bool(tested.all()):
        without = [method for method in found.pruner.values.tolist() if not bool(tested.sel(pruner=method))]
        return f"There is no pruned network of {listing(without)}, so the two kinds of methods cannot be compared."
    text = (
        f"Pruning weights removes {_each(weights)} of the parameters at commensurate accuracy, pruning filters "
        f"{_each(filters)}. In the paper's Tables 4, 6 and 8 the former is more for every network"
    )
    if bool(weights.isnull().all()) and bool(filters.isnull().all()):
        return f"{text}; these numbers cannot tell."
    # What is not commensurate at any ratio that was tested can lose fewer parameters than any that is.
    if float(weights.fillna(0).min()) > float(filters.fillna(0).max()):
        return f"{text}, and it is here, too."
    return f"{text}; that does not hold for every pair of methods here."


def better_than_the_parent(curves: xr.Dataset) -> str:
    """Which methods have a pruned network whose error, on average over repetitions, is below that of its parent."""
    change = (curves.test_error - curves.test_error.sel(cycle=0, drop=True)).drop_sel(cycle=0)
    change = change.mean("repetition", skipna=False)
    ratio = curves.prune_ratio.mean("repetition", skipna=False)
    gains = []
    for method in curves.pruner.values.tolist():
        own = change.sel(pruner=method).dropna("cycle")
        if own.sizes["cycle"] and round(-float(own.min()), 4) > 0:
            cycle = own.cycle[int(own.argmin("cycle"))]
            where = float(ratio.sel(pruner=method, cycle=cycle))
            gains.append(f"by {-float(own.min()):.2%} with {method} at a prune ratio of {where:.1%}")
    if not gains:
        return "No method has a pruned network that is, on average over repetitions, better than its parent."
    return f"A pruned network, retrained, may be better than its parent. Here the error falls {listing(gains)}."


def _each(ratio: xr.DataArray) -> str:
    """``65.9% (WT) and nothing (SiPP)``."""
    values = zip(ratio.pruner.values.tolist(), ratio.values.tolist(), strict=True)
    return listing([f"{f'{value:.1%}' if value == value else 'nothing'} ({method})" for method, value in values])
