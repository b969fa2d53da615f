"""Difference in excess error over prune ratio, with the line through the origin (Figures 6c and 6f)."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from ..metrics.regression import slope_of_method
from ..published.labels import network_label
from .curves import RATIO, RATIO_LIMITS
from .style import color_of, finish, guide, marker_of

DIFFERENCE = hv.Dimension("difference", label="difference in excess error (%)")


def excess_error(difference: xr.DataArray, prune_ratio: xr.DataArray, shift: xr.Dataset) -> hv.Overlay:
    """Figures 6c and 6f: every pruned network as a point, and for each method the least-squares line through 0.

    Args:
        difference: as :func:`lostprune.metrics.excess_error_difference` returns it (pruner, repetition, cycle).
        prune_ratio: fractions over the same dimensions.
        shift: the part that it was computed from.

    The band around a line is the 95% confidence interval of a bootstrap over the points.
    """
    bands, lines, points = [], [], []
    reach = float(prune_ratio.max()) * 100
    for method in difference.pruner.values.tolist():
        x, y = (values.sel(pruner=method).isel(cycle=slice(1, None)) * 100 for values in (prune_ratio, difference))
        slope = slope_of_method(difference, prune_ratio, method)
        ends = np.array([0.0, reach])
        color, marker = color_of(method), marker_of(method)
        if np.isfinite(slope.low):
            bands.append(
                hv.Area((ends, slope.low * ends, slope.high * ends), RATIO, [DIFFERENCE, "high"]).opts(
                    opts.Area(color=color, alpha=0.12, line_width=0, backend="bokeh"),
                    # HoloViews cycles through colours unless both are said.
                    opts.Area(color=color, facecolor=color, alpha=0.12, linewidth=0, backend="matplotlib"),
                )
            )
        if np.isfinite(slope.value):
            lines.append(
                hv.Curve((ends, slope.value * ends), RATIO, DIFFERENCE, label=method).opts(
                    opts.Curve(color=color, line_width=2, backend="bokeh"),
                    opts.Curve(color=color, linewidth=1.6, backend="matplotlib"),
                )
            )
        points.append(_points(x, y, method, color, marker))
    zero = guide(RATIO, DIFFERENCE, 0.0, 0.0, dash="dotted", width=1.0)
    title = f"{network_label(shift.attrs['network'])}: difference in excess error from the unpruned parent"
    return finish(hv.Overlay([*bands, zero, *lines, *points]), title, shift, xlim=RATIO_LIMITS)


def _points(x: xr.DataArray, y: xr.DataArray, method: str, color: str, marker: tuple[str, str]) -> hv.Scatter:
    rows = [
        (float(x.sel(place)), float(y.sel(place)), method, place["repetition"] + 1)
        for place in ({"repetition": r, "cycle": c} for r in x.repetition.values for c in x.cycle.values)
        if np.isfinite(y.sel(place))
    ]
    tooltips = [
        ("", "@method, repetition @number"),
        (RATIO.label, "@prune_ratio{0.0}"),
        (DIFFERENCE.label, "@difference{+0.00}"),
    ]
    return hv.Scatter(rows, RATIO, [DIFFERENCE, "method", "number"], label=method).opts(
        opts.Scatter(color=color, marker=marker[0], size=6, tools=["hover"], hover_tooltips=tooltips, backend="bokeh"),
        opts.Scatter(color=color, marker=marker[1], s=18, backend="matplotlib"),
    )
