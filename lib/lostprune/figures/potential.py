"""Prune potential: over the noise level (Figures 1, 28) and on every test distribution (Figures 6b, 6e, 29 to 34)."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from .groups import backdrop, rows_of
from .style import WIDTH, color_of, finish, line, marker_of

POTENTIAL = hv.Dimension("potential", label="prune potential (%)", range=(0, 100))
NOISE = hv.Dimension("noise_level", label="noise level (half-width, in units of the normalised input)")
NOISE_SHORT = hv.Dimension("noise_level", label="noise level")
GROUP_WIDTH = 0.8  # of the distance from one distribution to the next
TOP = 112  # above 100 %, room for the names of the groups
PERCENT_TICKS = list(range(0, 101, 20))


def potential_under_noise(potential: xr.DataArray, noise: xr.Dataset) -> hv.Overlay:
    """Figures 1 and 28: prune potential over the noise level for every method.

    Args:
        potential: fractions (pruner, repetition, noise_level), as :func:`lostprune.metrics.prune_potential` returns.
        noise: the part that it was computed from; names the network and where the numbers come from.
    """
    figure = hv.Overlay([])
    levels, methods = potential.noise_level.values.tolist(), potential.pruner.values.tolist()
    for place, method in enumerate(methods):
        mean, deviation = over_repetitions(potential.sel(pruner=method).transpose("repetition", "noise_level"))
        rows = list(zip(levels, mean.tolist(), deviation.tolist(), strict=True))
        aside = _aside(place, len(methods), levels)
        figure = figure * line(NOISE, POTENTIAL, rows, method, color_of(method), marker_of(method), aside=aside)
    return finish(figure, potential_title(noise, potential), noise, ylim=(-3, 103), padding=0.02)


def potential_under_noise_by_repetition(potential: xr.DataArray, noise: xr.Dataset) -> hv.Layout:
    """One method of Figure 28 in every panel: its repetitions as thin lines, their mean as a thick one.

    Args: as for :func:`potential_under_noise`.
    """
    levels, panels = potential.noise_level.values.tolist(), []
    for method in potential.pruner.values.tolist():
        mine = potential.sel(pruner=method).transpose("repetition", "noise_level")
        figure = hv.Overlay([])
        for place, one in enumerate(mine.values * 100):
            aside = _aside(place, len(mine), levels)
            rows = [(level, value, 0.0) for level, value in zip(levels, one.tolist(), strict=True)]
            name = f"{method}, repetition {place + 1}"
            figure = figure * line(NOISE_SHORT, POTENTIAL, rows, name, "#b5b5b5", width=1.2, aside=aside)
        rows = [(level, value, 0.0) for level, value in zip(levels, over_repetitions(mine)[0].tolist(), strict=True)]
        figure = figure * line(NOISE_SHORT, POTENTIAL, rows, f"{method}, mean", color_of(method), marker_of(method))
        options = {"ylim": (-3, 103), "padding": 0.02, "show_legend": False, "width": WIDTH // 2, "height": 280}
        panels.append(finish(figure, f"{network_label(noise.attrs['network'])}, {method}", noise, **options))
    return hv.Layout(panels).cols(2)


def prune_potential_bars(potential: xr.DataArray, shift: xr.Dataset) -> hv.Overlay:
    """Figures 6b, 6e and 29 to 34: one group of bars for every distribution, one bar for every method.

    Args:
        potential: fractions (pruner, repetition, distribution); select the methods to show. Whiskers are one standard
            deviation over repetitions, drawn if there are at least two. Train distributions stand first, on a grey
            ground.
        shift: the part that it was computed from.
    """
    names, potential = rows_of(potential)
    series = {method: (color_of(method), potential.sel(pruner=method)) for method in potential.pruner.values.tolist()}
    figure = hv.Overlay([*backdrop(potential, TOP), *grouped_bars(series, names)])
    return finish(figure, potential_title(shift, potential), shift, height=430, **on_distributions(names))


def grouped_bars(series: dict[str, tuple[str, xr.DataArray]], names: list[str]) -> list[hv.Element]:
    """A group of bars for every distribution, and whiskers where a series has several repetitions.

    Args:
        series: a colour and fractions (repetition, distribution) by name; each is one bar in every group.
        names: names of the distributions, in the order of the series.
    """
    width = GROUP_WIDTH / len(series)
    bars, whiskers = [], []
    for place, (name, (color, values)) in enumerate(series.items()):
        mean, deviation = over_repetitions(values.transpose("repetition", "distribution"))
        center = np.arange(len(names)) + (place - (len(series) - 1) / 2) * width
        bars.append(_bars(center, width, mean, deviation, names, name, color))
        if values.sizes["repetition"] > 1:
            whiskers.append(hv.ErrorBars((center, mean, deviation), "x0", ["y0", "deviation"]))
    dark = "#222222"
    return bars + [
        one.opts(
            opts.ErrorBars(hooks=[_in_front], upper_head=None, lower_head=None, line_color=dark, backend="bokeh"),
            opts.ErrorBars(edgecolor=dark, capsize=1.5, linewidth=0.8, backend="matplotlib"),
        )
        for one in whiskers
    ]


def on_distributions(names: list[str]) -> dict:
    """Options of a figure with a distribution at every integer of the x axis, and a prune potential above it."""
    return {
        "xticks": list(enumerate(names)),
        "xrotation": 55 if len(names) > 7 else 0,
        "xlabel": "",
        "yticks": PERCENT_TICKS,
        "ylabel": POTENTIAL.label,
        "ylim": (0, TOP),
        "xlim": (-0.6, len(names) - 0.4),
    }


def potential_title(part: xr.Dataset, potential: xr.DataArray) -> str:
    return f"{network_label(part.attrs['network'])}: prune potential for δ = {potential.attrs['delta'] * 100:g}%"


def _aside(place: int, count: int, levels: list[float]) -> float:
    """Potentials are often equal: beside each other, all curves can be seen."""
    return (place - (count - 1) / 2) * 0.006 * (max(levels) - min(levels))


def _bars(
    center: np.ndarray, width: float, mean: np.ndarray, deviation: np.ndarray, names: list[str], series: str, color: str
) -> hv.Rectangles:
    # Grouped hv.Bars cannot be overlaid with error bars in either backend; rectangles on a numeric axis can. Their
    # outline lets a potential of 0 show as a line.
    data = {
        "x0": center - width / 2,
        "y0": np.zeros_like(mean),
        "x1": center + width / 2,
        "y1": mean,
        "distribution": names,
        "series": [series] * len(names),
        "deviation": deviation,
    }
    tooltips = [("", "@series, @distribution"), (POTENTIAL.label, "@y1{0.0}"), ("±", "@deviation{0.0}")]
    return hv.Rectangles(data, ["x0", "y0", "x1", "y1"], ["series", "distribution", "deviation"], label=series).opts(
        opts.Rectangles(color=color, line_color=color, tools=["hover"], hover_tooltips=tooltips, backend="bokeh"),
        opts.Rectangles(facecolor=color, edgecolor=color, linewidth=0.8, backend="matplotlib"),
    )


def _in_front(plot, element) -> None:
    """Bokeh draws whiskers below bars; HoloViews has no option for it."""
    plot.handles["glyph"].level = "overlay"
