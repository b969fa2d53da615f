"""Prune potential: over the noise level (Figure 1) and on every test distribution (Figures 6b and 6e)."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from .style import COLORS, MARKERS, finish, label, line, network_label, over_repetitions

POTENTIAL = hv.Dimension("potential", label="prune potential (%)", range=(0, 100))
NOISE = hv.Dimension("noise_level", label="noise level (half-width, in units of the normalised input)")
GROUP_WIDTH = 0.8  # of the distance from one distribution to the next


def potential_under_noise(potential: xr.DataArray, noise: xr.Dataset) -> hv.Overlay:
    """Figure 1: prune potential over the noise level for every method.

    Args:
        potential: fractions (pruner, repetition, noise_level), as :func:`lostprune.metrics.prune_potential` returns.
        noise: the part that it was computed from; names the network and where the numbers come from.
    """
    figure = hv.Overlay([])
    levels, methods = potential.noise_level.values.tolist(), potential.pruner.values.tolist()
    step = 0.006 * (max(levels) - min(levels))  # potentials are often equal: beside each other, all can be seen
    for place, method in enumerate(methods):
        mean, deviation = over_repetitions(potential.sel(pruner=method).transpose("repetition", "noise_level"))
        rows = list(zip(levels, mean.tolist(), deviation.tolist(), strict=True))
        aside = (place - (len(methods) - 1) / 2) * step
        figure = figure * line(NOISE, POTENTIAL, rows, method, COLORS[method], MARKERS[method], aside=aside)
    return finish(figure, _title(noise, potential), noise, ylim=(-3, 103), padding=0.02)


def prune_potential_bars(potential: xr.DataArray, shift: xr.Dataset) -> hv.Overlay:
    """Figures 6b and 6e: one group of bars for every distribution, one bar for every method.

    Args:
        potential: fractions (pruner, repetition, distribution); select the methods to show. Whiskers are one standard
            deviation over repetitions, drawn if there are at least two.
        shift: the part that it was computed from.
    """
    names = [label(str(name)) for name in potential.distribution.values]
    methods = potential.pruner.values.tolist()
    width = GROUP_WIDTH / len(methods)
    bars, whiskers = [], []
    for place, method in enumerate(methods):
        mean, deviation = over_repetitions(potential.sel(pruner=method).transpose("repetition", "distribution"))
        center = np.arange(len(names)) + (place - (len(methods) - 1) / 2) * width
        bars.append(_bars(center, width, mean, deviation, names, method))
        if potential.sizes["repetition"] > 1:
            whiskers.append(hv.ErrorBars((center, mean, deviation), "x0", ["y0", "deviation"]))
    figure = hv.Overlay(bars + whiskers).opts(
        opts.ErrorBars(hooks=[_in_front], upper_head=None, lower_head=None, line_color="#222222", backend="bokeh"),
        opts.ErrorBars(edgecolor="#222222", capsize=1.5, linewidth=0.8, backend="matplotlib"),
    )
    return finish(
        figure,
        _title(shift, potential),
        shift,
        height=430,
        xticks=list(enumerate(names)),
        xrotation=55 if len(names) > 7 else 0,
        xlabel="",
        ylabel=POTENTIAL.label,
        ylim=(0, 103),
        xlim=(-0.6, len(names) - 0.4),
    )


def _bars(
    center: np.ndarray, width: float, mean: np.ndarray, deviation: np.ndarray, names: list[str], method: str
) -> hv.Rectangles:
    # Grouped hv.Bars cannot be overlaid with error bars in either backend; rectangles on a numeric axis can. Their
    # outline lets a potential of 0 show as a line.
    data = {
        "x0": center - width / 2,
        "y0": np.zeros_like(mean),
        "x1": center + width / 2,
        "y1": mean,
        "distribution": names,
        "method": [method] * len(names),
        "deviation": deviation,
    }
    tooltips = [("", "@method, @distribution"), (POTENTIAL.label, "@y1{0.0}"), ("±", "@deviation{0.0}")]
    return hv.Rectangles(data, ["x0", "y0", "x1", "y1"], ["method", "distribution", "deviation"], label=method).opts(
        opts.Rectangles(
            color=COLORS[method], line_color=COLORS[method], tools=["hover"], hover_tooltips=tooltips, backend="bokeh"
        ),
        opts.Rectangles(facecolor=COLORS[method], edgecolor=COLORS[method], linewidth=0.8, backend="matplotlib"),
    )


def _title(part: xr.Dataset, potential: xr.DataArray) -> str:
    return f"{network_label(part.attrs['network'])}: prune potential for δ = {potential.attrs['delta'] * 100:g}%"


def _in_front(plot, element) -> None:
    """Bokeh draws whiskers below bars; HoloViews has no option for it."""
    plot.handles["glyph"].level = "overlay"
