"""What all figures share: colours, human names, the line that says where the numbers come from, sizes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import holoviews as hv
import xarray as xr
from bokeh.models import Title
from holoviews import opts

from .. import pruning
from ..results.provenance import provenance

# Okabe and Ito's colours, for readers with any colour vision; in black and white the markers tell the methods apart.
COLORS = {"WT": "#0072B2", "SiPP": "#009E73", "FT": "#D55E00", "PFP": "#CC79A7"}
MARKERS = {"WT": ("circle", "o"), "SiPP": ("square", "s"), "FT": ("triangle", "^"), "PFP": ("diamond", "D")}
# Of methods that a reader registers, in the order of their names: what is left of these colours, then Paul Tol's.
_MORE_COLORS = ("#56B4E9", "#E69F00", "#882255", "#332288", "#999933")
_MORE_MARKERS = (("inverted_triangle", "v"), ("star", "*"), ("hex", "h"), ("square_pin", "X"), ("plus", "P"))
PARENT, MUTED = "#222222", "#666666"
BACKENDS = ("bokeh", "matplotlib")
WIDTH, HEIGHT = 670, 370  # pixels; the text of the book is 676 wide in a window of 1280
FOOTER = 64  # characters of a line below a figure that has its legend at the right


def color_of(method: str) -> str:
    """The colour of a method, the same in every figure."""
    return COLORS.get(method) or _MORE_COLORS[_place(method) % len(_MORE_COLORS)]


def marker_of(method: str) -> tuple[str, str]:
    """The marker of a method in Bokeh and in matplotlib, the same in every figure."""
    return MARKERS.get(method) or _MORE_MARKERS[_place(method) % len(_MORE_MARKERS)]


def _place(method: str) -> int:
    """Among the registered methods that are not the paper's; the first for one that is not registered here."""
    others = [name for name in pruning.names() if name not in COLORS]
    return others.index(method) if method in others else 0


def shade(color: str, tone: float) -> str:
    """A colour ``#rrggbb`` mixed with white: all of it for a tone of 0, none of it for 1."""
    mixed = (round(value + (255 - value) * tone) for value in bytes.fromhex(color[1:]))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def line(
    x: hv.Dimension,
    y: hv.Dimension,
    rows: list[tuple[float, float, float]],
    name: str,
    color: str,
    marker: tuple[str, str] = ("circle", "o"),
    width: float = 2.0,
    aside: float = 0.0,
) -> hv.Overlay:
    """A curve through the points ``rows`` (x, y, standard deviation), with markers that say their numbers.

    Error bars are drawn where a standard deviation is above 0. All is drawn ``aside`` of x by so much, for curves that
    would cover each other; the numbers that a marker says stay exact.
    """
    spread = hv.Dimension("deviation", label="±")
    points = [(row[0] + aside, *row[1:], name, row[0]) for row in rows]
    rows = [row[:3] for row in points]
    tooltips = [("", "@series"), (x.label, "@exact{0.[00]}"), (y.label, f"@{y.name}{{0.00}}")]
    if any(row[2] > 0 for row in rows):
        tooltips.append(("±", "@deviation{0.00}"))
    curve = hv.Curve([row[:2] for row in rows], x, y, label=name).opts(
        opts.Curve(color=color, line_width=width, backend="bokeh"),
        opts.Curve(color=color, linewidth=0.8 * width, backend="matplotlib"),
    )
    marks = hv.Scatter(points, x, [y, spread, "series", "exact"], label=name).opts(
        opts.Scatter(color=color, marker=marker[0], size=6, tools=["hover"], hover_tooltips=tooltips, backend="bokeh"),
        opts.Scatter(color=color, marker=marker[1], s=18, backend="matplotlib"),
    )
    bars = [row for row in rows if row[2] > 0]
    if not bars:
        return curve * marks
    whiskers = hv.ErrorBars(bars, x, [y, spread]).opts(
        opts.ErrorBars(line_color=color, upper_head=None, lower_head=None, backend="bokeh"),
        opts.ErrorBars(edgecolor=color, capsize=2, backend="matplotlib"),
    )
    return curve * whiskers * marks


def guide(
    x: hv.Dimension,
    y: hv.Dimension,
    first: float,
    last: float,
    name: str = "",
    color: str = PARENT,
    dash: str = "dashed",
    width: float = 1.5,
) -> hv.Curve:
    """A straight line to compare the curves with, from ``first`` at 0% to ``last`` at 100%; the legend has its name."""
    return hv.Curve([(0.0, first), (100.0, last)], x, y, label=name).opts(
        opts.Curve(color=color, line_dash=dash, line_width=width, backend="bokeh"),
        opts.Curve(color=color, linestyle=dash, linewidth=0.8 * width, backend="matplotlib"),
    )


def finish(
    figure: hv.Overlay,
    title: str,
    dataset: xr.Dataset | Sequence[xr.Dataset],
    legend: str = "top",
    height: int = HEIGHT,
    width: int = WIDTH,
    **options,
) -> hv.Overlay:
    """Give a figure its size in pixels, title, legend outside of the data, and its provenance below."""
    said = provenance(*([dataset] if isinstance(dataset, xr.Dataset) else dataset))
    footer = textwrap.fill(said, FOOTER, break_on_hyphens=False)
    common = {
        "title": title,
        "legend_position": legend,
        "legend_cols": 5 if legend == "top" else 1,
        "legend_limit": 100,  # of elements, unlabelled ones included; above it HoloViews shows no legend at all
        **options,
    }
    return figure.opts(
        opts.Overlay(
            width=width,
            height=height,
            show_grid=True,
            gridstyle={"grid_line_color": "#e5e5e5"},
            fontsize={"title": "14px", "labels": "13px", "ticks": "12px", "legend": "12px"},
            legend_opts={"border_line_alpha": 0, "background_fill_alpha": 0, "padding": 2, "margin": 4, "spacing": 12},
            autohide_toolbar=True,
            active_tools=[],  # a finger or wheel on a figure scrolls the page; its tools are a click away
            hooks=[_for_bokeh(footer)],
            backend="bokeh",
            **common,
        ),
        opts.Overlay(
            fig_inches=(width / 100, height / 100),
            aspect=width / height,
            fontsize={"labels": 10, "ticks": 9, "legend": 9},
            legend_opts={"frameon": False},
            hooks=[_for_matplotlib(footer, title, pad=24 if legend == "top" else 8)],
            backend="matplotlib",
            **common,
        ),
    )


def one_by_one(figures: hv.HoloMap) -> hv.HoloMap:
    """Have each picture drawn by itself. Their axes must have limits of their own.

    For axes in common, HoloViews looks at all pictures for each of them: of twenty, it takes six times as long.
    """
    kinds = {type(element).__name__ for element in figures.traverse(lambda element: element, [hv.Element])}
    return figures.opts(*(getattr(opts, kind)(framewise=True, backend=one) for kind in kinds for one in BACKENDS))


def _for_bokeh(footer: str) -> Callable:
    """What HoloViews has no option for: a line below the plot, upright labels, no minor ticks."""

    def adjust(plot, element) -> None:
        figure = plot.state
        if not any(isinstance(model, Title) for model in figure.below):  # hooks run again when a plot is updated
            text = Title(text=footer, text_font_size="11px", text_font_style="normal", text_color=MUTED, align="right")
            figure.add_layout(text, "below")
        for axis in figure.axis:
            axis.axis_label_text_font_style = "normal"
            axis.minor_tick_line_color = None

    return adjust


def _for_matplotlib(footer: str, title: str, pad: int) -> Callable:
    """The same for matplotlib, and the title at the left, above the legend."""

    def adjust(plot, element) -> None:
        axis = plot.handles["axis"]
        axis.grid(color="#e5e5e5", linewidth=0.6)
        for ruler in (axis.xaxis, axis.yaxis):
            ruler.set_zorder(-10)  # HoloViews draws its first element at 0, where the grid is
        axis.set_title("")
        axis.set_title(title, loc="left", pad=pad, fontsize=10, fontweight="bold")
        plot.handles["fig"].canvas.draw()  # tick labels have a size only once they are drawn
        inside, below = axis.get_window_extent(), axis.get_tightbbox()
        drop = (below.y0 - inside.y0) * 72 / plot.handles["fig"].dpi - 8
        axis.annotate(
            footer, (1, 0), (0, drop), "axes fraction", "offset points", ha="right", va="top", fontsize=8, color=MUTED
        )

    return adjust
