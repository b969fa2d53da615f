"""The same figure of several networks beside each other (Figures 9, 10, 28 and 48)."""

from __future__ import annotations

from collections.abc import Mapping

import holoviews as hv
from holoviews import opts

from .style import WIDTH

_WIDTH, _HEIGHT = WIDTH // 2, 300


def side_by_side(figures: Mapping[str, hv.Overlay]) -> hv.Layout:
    """Figures at half their width, two in a row.

    Args:
        figures: the figures by their new titles, such as the names of the networks.
    """
    small = [
        figure.opts(
            opts.Overlay(title=title, width=_WIDTH, height=_HEIGHT, legend_cols=3, backend="bokeh"),
            opts.Overlay(fig_inches=(_WIDTH / 100, _HEIGHT / 100), aspect=_WIDTH / _HEIGHT, backend="matplotlib"),
        )
        for title, figure in figures.items()
    ]
    return hv.Layout(small).cols(2)
