"""What pruning counts as saved, beside what is gone once the pruned channels are removed."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from .. import metrics
from ..findings.words import count
from ..published.labels import network_label
from ..results.provenance import provenance
from .table import MISSING, Table

_COLUMNS = {
    "prune_ratio": "parameters, pruned",
    "parameters_gone": "parameters, gone",
    "flop_reduction": "multiply-adds, pruned",
    "multiply_adds_gone": "multiply-adds, gone",
}


def real_savings(curves: xr.Dataset, name: str, delta: float = metrics.DELTA) -> Table:
    """Prune ratio and FLOP reduction at commensurate accuracy, each beside what the shrunk network has less.

    Args:
        curves: part ``curves`` of a study, with ``shrunk_parameters`` and ``shrunk_multiply_adds``.
        name: label in the book.
        delta: margin of commensurate accuracy, a fraction in [0, 1].

    In percent of the unpruned network, mean over repetitions, of the networks that ``prune_results`` shows. A dash
    stands where a network cannot be shrunk, and where not every repetition has a pruned network.
    """
    shown = metrics.commensurate(metrics.with_what_is_gone(curves), delta)
    rows = {
        method: [_percent(shown[column].sel(pruner=method)) for column in _COLUMNS]
        for method in shown.pruner.values.tolist()
    }
    frame = pd.DataFrame.from_dict(rows, "index", columns=list(_COLUMNS.values())).rename_axis("method")
    caption = (
        f"What is pruned of {network_label(curves.attrs['network'])} at commensurate accuracy (δ = {delta * 100:g}%), "
        "and what is gone once the pruned filters and channels are removed, in percent of the unpruned network. Here: "
        f"{provenance(curves)}, {count(curves.sizes['repetition'], 'repetition')}."
    )
    return Table(frame, caption, name)


def _percent(share: xr.DataArray) -> str:
    return f"{float(share) * 100:.1f}" if float(share) >= 0 else MISSING
