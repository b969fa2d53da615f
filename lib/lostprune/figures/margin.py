"""The choice of the margin δ (Figure 38): as a slider, and all margins in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from .. import metrics
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label
from .groups import backdrop, rows_of
from .potential import GROUP_WIDTH, POTENTIAL, TOP, on_distributions, prune_potential_bars
from .style import color_of, finish, one_by_one, shade

MARGIN = hv.Dimension("margin", label="margin δ (%)")


def prune_potential_slider(potentials: Sequence[xr.DataArray], shift: xr.Dataset) -> hv.HoloMap:
    """The bars of :func:`prune_potential_bars` with a slider for the margin, which starts at the paper's.

    Args:
        potentials: one for every margin, as :func:`lostprune.metrics.prune_potential` returns them.
        shift: the part that they were computed from.
    """
    frames = {100 * one.attrs["delta"]: prune_potential_bars(one, shift) for one in potentials}
    papers = 100 * metrics.DELTA
    return one_by_one(hv.HoloMap(frames, MARGIN.clone(default=papers) if papers in frames else MARGIN))


def prune_potential_for_margins(potentials: Sequence[xr.DataArray], shift: xr.Dataset, pruner: str) -> hv.Overlay:
    """Figure 38: the prune potential of one method on every distribution, for several margins.

    The potential can only grow with the margin. So there is one bar for every distribution, and its steps are the
    margins: up to where it is dark, the potential is reached with the smallest one.

    Args:
        potentials, shift: as for :func:`prune_potential_slider`.
        pruner: the method.
    """
    potentials = sorted(potentials, key=lambda one: one.attrs["delta"])
    tones = np.linspace(0, 0.85, len(potentials))
    bars = []
    for one, tone in reversed(list(zip(potentials, tones, strict=True))):  # the largest first: the others lie on it
        names, mine = rows_of(one.sel(pruner=pruner))
        mean, deviation = over_repetitions(mine.transpose("repetition", "distribution"))
        bars.append(_bars(mean, deviation, names, f"δ = {one.attrs['delta'] * 100:g}%", shade(color_of(pruner), tone)))
    title = f"{network_label(shift.attrs['network'])} pruned with {pruner}: prune potential for several margins δ"
    figure = hv.Overlay([*backdrop(potentials[0], TOP), *bars])
    return finish(figure, title, shift, **on_distributions(names))


def _bars(mean: np.ndarray, deviation: np.ndarray, names: list[str], margin: str, color: str) -> hv.Rectangles:
    center = np.arange(len(names))
    data = {
        "x0": center - GROUP_WIDTH / 2,
        "y0": np.zeros_like(mean),
        "x1": center + GROUP_WIDTH / 2,
        "y1": mean,
        "distribution": names,
        "margin": [margin] * len(names),
        "deviation": deviation,
    }
    tooltips = [("", "@margin, @distribution"), (POTENTIAL.label, "@y1{0.0}"), ("±", "@deviation{0.0}")]
    return hv.Rectangles(data, ["x0", "y0", "x1", "y1"], ["margin", "distribution", "deviation"], label=margin).opts(
        opts.Rectangles(color=color, line_color="white", tools=["hover"], hover_tooltips=tooltips, backend="bokeh"),
        opts.Rectangles(facecolor=color, edgecolor="white", linewidth=0.8, backend="matplotlib"),
    )
