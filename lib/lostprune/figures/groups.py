"""Which distributions a network was trained on and which not: how figures mark the two groups."""

from __future__ import annotations

import holoviews as hv
import xarray as xr
from holoviews import opts

from ..published.labels import label
from .style import MUTED

GROUND, STRENGTH = "#000000", 0.07  # the grid shows through


def rows_of(values: xr.DataArray, train: tuple[str, ...]) -> tuple[list[str], xr.DataArray]:
    """The distributions' names for a reader, and the values in their order: train distributions first.

    Raises:
        ValueError: no train distribution is given, or one that is not there.
    """
    known = [str(name) for name in values.distribution.values]
    missing = [name for name in train if name not in known]
    if missing or not train:
        raise ValueError(f"train: got {train}, expected distributions out of {', '.join(known)}")
    order = [name for name in known if name in train] + [name for name in known if name not in train]
    return [label(name) for name in order], values.sel(distribution=order)


def with_group(name: str, train: tuple[str, ...]) -> str:
    """``"Fog (test)"``."""
    return f"{label(name)} ({'train' if name in train else 'test'})"


def backdrop(train: tuple[str, ...], count: int, top: float, upright: bool = True) -> list[hv.Element]:
    """A grey ground behind the train distributions, and the name of each group at the end of the value axis.

    Args:
        train: of ``count`` distributions, one at every integer; as in :func:`rows_of` the first ones.
        count: of distributions.
        top: end of the value axis.
        upright: the values run upwards; else to the right, and distributions downwards from 0.
    """
    last = len(train) - 0.5
    names = [("train", (last - 0.6) / 2), ("test", (last + count - 0.4) / 2)][: 1 + (count > len(train))]
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
