"""Which distributions a network was trained on and which not: how figures mark the two groups."""

from __future__ import annotations

import holoviews as hv
import xarray as xr
from holoviews import opts

from .. import metrics
from ..published.labels import label
from .style import MUTED

GROUND, STRENGTH = "#000000", 0.07  # the grid shows through


def rows_of(values: xr.DataArray) -> tuple[list[str], xr.DataArray]:
    """The distributions' names for a reader, and the values in their order: train distributions first.

    Raises:
        ValueError: ``values`` have no coordinate ``group``.
    """
    train, test = metrics.groups(values)
    return [label(name) for name in train + test], values.sel(distribution=train + test)


def with_group(values: xr.DataArray, name: str) -> str:
    """``"Fog (test)"``."""
    return f"{label(name)} ({values.group.sel(distribution=name).item()})"


def backdrop(values: xr.DataArray, top: float, upright: bool = True) -> list[hv.Element]:
    """A grey ground behind the train distributions, and the name of each group at the end of the value axis.

    Args:
        values: over ``distribution``, one at every integer, in the order of :func:`rows_of`.
        top: end of the value axis.
        upright: the values run upwards; else to the right, and distributions downwards from 0.
    """
    train, test = map(len, metrics.groups(values))
    last, count = train - 0.5, train + test
    names = [("train", (last - 0.6) / 2)] * bool(train) + [("test", (last + count - 0.4) / 2)] * bool(test)
    if upright:
        ground, places = (-0.6, 0, last, top), [(middle, top - 5, name) for name, middle in names]
    else:
        ground = (0, -last, top, 0.6)
        places = [(top - 7, -middle, name) for name, middle in names]
    return [
        hv.Rectangles([ground]).opts(
            opts.Rectangles(color=GROUND, alpha=STRENGTH, line_width=0, backend="bokeh"),
            opts.Rectangles(facecolor=GROUND, alpha=STRENGTH, linewidth=0, backend="matplotlib"),
        ),
        hv.Labels(places).opts(
            opts.Labels(text_font_size="12px", text_color=MUTED, backend="bokeh"),
            opts.Labels(size=9, color=MUTED, backend="matplotlib"),
        ),
    ]
