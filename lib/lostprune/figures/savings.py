"""What shrinking a pruned network really removes, over what pruning counts as saved."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr

from .. import metrics
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from .accuracy_difference import SAVINGS
from .curves import RATIO_LIMITS
from .style import color_of, finish, guide, line, marker_of

GONE = hv.Dimension("gone", label="multiply-adds gone (%)")


def real_savings(curves: xr.Dataset) -> hv.Overlay:
    """Multiply-adds that are gone once pruned channels are removed, over the paper's FLOP reduction.

    Args:
        curves: part ``curves`` of a study, with ``shrunk_multiply_adds``. Mean over repetitions, error bars (one
            standard deviation) if there are at least two. On the dashed line all that is pruned is gone.

    Raises:
        ValueError: ``shrunk_multiply_adds`` is missing.
    """
    axis, curves = SAVINGS["flop_reduction"], metrics.with_what_is_gone(curves)
    figure = guide(axis, GONE, 0.0, 100.0, "all that is pruned")
    for method in curves.pruner.values.tolist():
        pruned, _ = over_repetitions(curves.flop_reduction.sel(pruner=method))
        mean, deviation = over_repetitions(curves.multiply_adds_gone.sel(pruner=method))
        rows = [tuple(map(float, row)) for row in zip(pruned, mean, deviation, strict=True) if np.isfinite(row[1])]
        figure = figure * line(axis, GONE, rows, method, color_of(method), marker_of(method))
    title = f"{network_label(curves.attrs['network'])}: what shrinking removes"
    return finish(figure, title, curves, xlim=RATIO_LIMITS)
