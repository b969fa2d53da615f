"""Prune potential with the interval that a finite test set leaves: not in the paper."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from .. import metrics
from ..published.labels import network_label
from .groups import backdrop, rows_of
from .potential import PERCENT_TICKS, POTENTIAL
from .style import color_of, finish, marker_of

ROW_HEIGHT, AROUND = 8, 120  # pixels of one series on one distribution; of title, legend and axis together
SPACING = 0.8  # share of the height of a distribution that its series take
END = 118  # of the value axis: room for the names of the groups


@dataclass(frozen=True)
class _Series:
    """One estimate on every distribution, in percent, and the ends of its interval."""

    name: str
    color: str
    marker: tuple[str, str]
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def prune_potential_intervals(potential: xr.DataArray, resampled: xr.DataArray, shift: xr.Dataset) -> hv.Overlay:
    """The prune potential of every method on every distribution, mean over repetitions, with its 95% interval.

    Args:
        potential: fractions (pruner, repetition, distribution); train distributions stand first, on a grey ground.
        resampled: the same on resampled test sets, as :func:`lostprune.metrics.resampled_prune_potential` returns.
        shift: the part that both were computed from.
    """
    bounds = metrics.interval(resampled.mean("repetition"))
    series = []
    for method in potential.pruner.values.tolist():
        mean = potential.sel(pruner=method).mean("repetition")
        series.append(_series(method, method, mean, bounds.sel(pruner=method)))
    title = f"{network_label(shift.attrs['network'])}: prune potential and its interval"
    return _draw(series, potential, shift, title)


def prune_potential_in_detail(
    potential: xr.DataArray, resampled: xr.DataArray, shift: xr.Dataset, pruner: str
) -> hv.Overlay:
    """The same for one method, every repetition by itself (Figures 29 to 34 in detail)."""
    potential, bounds = potential.sel(pruner=pruner), metrics.interval(resampled.sel(pruner=pruner))
    series = []
    for place, repetition in enumerate(potential.repetition.values):
        mine, ends = potential.sel(repetition=repetition), bounds.sel(repetition=repetition)
        series.append(_series(f"{pruner}, repetition {place + 1}", pruner, mine, ends))
    title = f"{network_label(shift.attrs['network'])} pruned with {pruner}: potential of each repetition"
    return _draw(series, potential, shift, title, legend=False)


def _series(name: str, method: str, value: xr.DataArray, bounds: xr.DataArray) -> _Series:
    ends = (rows_of(bounds.sel(bound=bound))[1].values * 100 for bound in ("lower", "upper"))
    return _Series(name, color_of(method), marker_of(method), rows_of(value)[1].values * 100, *ends)


def _draw(
    series: list[_Series],
    potential: xr.DataArray,
    shift: xr.Dataset,
    title: str,
    legend: bool = True,
) -> hv.Overlay:
    names, _ = rows_of(potential)
    drawn = backdrop(potential, END, upright=False)
    for place, one in enumerate(series):
        row = -np.arange(len(names)) - (place - (len(series) - 1) / 2) * SPACING / len(series)
        drawn += [_lines(one, row), _marks(one, row, names)]
    return finish(
        hv.Overlay(drawn),
        f"{title} (δ = {potential.attrs['delta'] * 100:g}%)",
        shift,
        height=AROUND + ROW_HEIGHT * len(names) * (len(series) + 1),
        yticks=[(-place, name) for place, name in enumerate(names)],
        xticks=PERCENT_TICKS,
        xlabel=POTENTIAL.label,
        ylabel="",
        ylim=(0.4 - len(names), 0.6),
        xlim=(-2, END),
        show_legend=legend,
    )


def _lines(one: _Series, row: np.ndarray) -> hv.Segments:
    return hv.Segments((one.lower, row, one.upper, row), ["x0", "row", "x1", "row1"]).opts(
        opts.Segments(color=one.color, line_width=2, alpha=0.55, backend="bokeh"),
        opts.Segments(color=one.color, linewidth=1.5, alpha=0.55, backend="matplotlib"),
    )


def _marks(one: _Series, row: np.ndarray, names: list[str]) -> hv.Scatter:
    data = (one.value, row, one.lower, one.upper, names, [one.name] * len(names))
    tooltips = [
        ("", "@series, @distribution"),
        (POTENTIAL.label, "@potential{0.0}"),
        ("95% interval", "@lower{0.0} to @upper{0.0}"),
    ]
    values = ["row", "lower", "upper", "distribution", "series"]
    return hv.Scatter(data, "potential", values, label=one.name).opts(
        opts.Scatter(
            color=one.color, marker=one.marker[0], size=6, tools=["hover"], hover_tooltips=tooltips, backend="bokeh"
        ),
        opts.Scatter(color=one.color, marker=one.marker[1], s=16, backend="matplotlib"),
    )
