"""How much test accuracy pruning costs on nominal data (Figure 9), over what it saves."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr

from .. import metrics
from ..foundations.choices import check_choice
from ..metrics.repetitions import over_repetitions
from ..published.labels import accuracy_label, network_label
from .curves import RATIO, RATIO_LIMITS
from .style import MUTED, color_of, finish, guide, line, marker_of

SAVINGS = {"prune_ratio": RATIO, "flop_reduction": hv.Dimension("flop_reduction", label="FLOP reduction (%)")}


def accuracy_difference(curves: xr.Dataset, over: str = "prune_ratio", delta: float = metrics.DELTA) -> hv.Overlay:
    """Figure 9: the test accuracy of pruned networks minus that of their parents.

    Args:
        curves: part ``curves`` of a study. Each network is compared with its own parent; mean over repetitions, error
            bars (one standard deviation) if there are at least two.
        over: ``"prune_ratio"``, as in the paper, or ``"flop_reduction"``.
        delta: the margin of commensurate accuracy, a fraction; a dotted line shows it.

    Raises:
        ValueError: ``over`` is neither.
    """
    check_choice("over", over, SAVINGS)
    measure = accuracy_label(curves.attrs["dataset"])
    axes = SAVINGS[over], hv.Dimension("difference", label=f"change of {measure} (%)")
    margin = -100 * delta
    figure = guide(*axes, 0.0, 0.0, "unpruned parent")
    figure = figure * guide(*axes, margin, margin, f"δ = {-margin:g}%", MUTED, "dotted")
    change = curves.test_error.sel(cycle=0, drop=True) - curves.test_error
    for method in curves.pruner.values.tolist():
        saved, _ = over_repetitions(curves[over].sel(pruner=method))
        mean, deviation = over_repetitions(change.sel(pruner=method))
        rows = [tuple(map(float, row)) for row in zip(saved, mean, deviation, strict=True) if np.isfinite(row[0])]
        figure = figure * line(*axes, rows, method, color_of(method), marker_of(method))
    title = f"{network_label(curves.attrs['network'])}: what pruning costs in {measure}"
    return finish(figure, title, curves, xlim=RATIO_LIMITS)
