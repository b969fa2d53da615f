"""Test accuracy over prune ratio: on nominal data (Figure 2) and under distribution shift (Figures 6a and 6d)."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from ..metrics.repetitions import over_repetitions
from ..published.labels import accuracy_label, network_label
from .groups import rows_of, with_group
from .style import PARENT, color_of, finish, guide, line, marker_of, one_by_one

RATIO = hv.Dimension("prune_ratio", label="prune ratio (%)")
RATIO_LIMITS = (-2, 102)  # so that a marker at 0 is whole
# One of each kind of corruption, and those that the paper's text names in Section 5.2.
HIGHLIGHTED = ("jpeg_compression", "fog", "defocus_blur", "gaussian_noise", "speckle_noise")
# Okabe and Ito's colours but black and yellow: so many curves at most can be told apart.
PALETTE = ("#009E73", "#56B4E9", "#CC79A7", "#D55E00", "#E69F00", "#0072B2")


def prune_accuracy_curves(curves: xr.Dataset) -> hv.Overlay:
    """Figure 2: test accuracy over prune ratio for every method; the dashed line is the unpruned parent.

    Args:
        curves: part ``curves`` of a study. Mean over repetitions; error bars (one standard deviation) if there are
            at least two.
    """
    axis = accuracy(curves.attrs["dataset"])
    parent, _ = over_repetitions(1 - curves.test_error.isel(pruner=0, cycle=0))
    figure = guide(RATIO, axis, float(parent), float(parent), "unpruned parent")
    for method in curves.pruner.values.tolist():
        rows = accuracy_rows(curves.prune_ratio.sel(pruner=method), curves.test_error.sel(pruner=method))
        figure = figure * line(RATIO, axis, rows, method, color_of(method), marker_of(method))
    title = f"{network_label(curves.attrs['network'])}: {accuracy_label(curves.attrs['dataset'])} of pruned networks"
    return finish(figure, title, curves, xlim=RATIO_LIMITS)


def prune_accuracy_under_shift(
    shift: xr.Dataset,
    curves: xr.Dataset,
    pruner: str,
    highlighted: tuple[str, ...] = HIGHLIGHTED,
) -> hv.Overlay:
    """Figures 6a and 6d: test accuracy over prune ratio of one method, one curve for every distribution.

    Args:
        shift, curves: parts of one study. The legend says for each distribution which group it is of.
        pruner: which method.
        highlighted: distributions with a colour and a place in the legend, six at most; the others are thin and grey
            and say their name when pointed at. Where there are six or fewer beside the nominal one, all have a colour.

    Raises:
        KeyError: the study has no such method.
    """
    error, ratio = shift.error.sel(pruner=pruner), curves.prune_ratio.sel(pruner=pruner)
    nominal = shift.attrs["dataset"]
    axis = accuracy(nominal)
    others = [name for name in error.distribution.values.tolist() if name != nominal]
    chosen = others if len(others) <= len(PALETTE) else [name for name in highlighted if name in others]
    colors = dict(zip(chosen, PALETTE, strict=False))
    figure = hv.Overlay([])
    for name in others:
        if name not in colors:
            figure = figure * _background(
                accuracy_rows(ratio, error.sel(distribution=name)), with_group(error, name), axis
            )
    rows = accuracy_rows(ratio, error.sel(distribution=nominal))
    figure = figure * line(RATIO, axis, rows, with_group(error, nominal), PARENT, width=3)
    for name, color in colors.items():
        rows = accuracy_rows(ratio, error.sel(distribution=name))
        figure = figure * line(RATIO, axis, rows, with_group(error, name), color)
    title = f"{network_label(shift.attrs['network'])} pruned with {pruner}: {accuracy_label(nominal)} under shift"
    return finish(figure, title, shift, legend="right", height=400, xlim=RATIO_LIMITS)


def prune_accuracy_by_distribution(shift: xr.Dataset, curves: xr.Dataset) -> hv.HoloMap:
    """Figure 2 on every distribution, one chosen from a list; the dashed line is the parent on the same data.

    Args:
        shift, curves: parts of one study.
    """
    frames, axis = {}, accuracy(shift.attrs["dataset"])
    limits = _limits(1 - shift.error)
    for name in rows_of(shift.error)[1].distribution.values.tolist():
        error = shift.error.sel(distribution=name)
        parent, _ = over_repetitions(1 - error.isel(pruner=0, cycle=0))
        figure = guide(RATIO, axis, float(parent), float(parent), "unpruned parent")
        for method in error.pruner.values.tolist():
            rows = accuracy_rows(curves.prune_ratio.sel(pruner=method), error.sel(pruner=method))
            figure = figure * line(RATIO, axis, rows, method, color_of(method), marker_of(method))
        measure = accuracy_label(shift.attrs["dataset"])
        title = f"{network_label(shift.attrs['network'])} on {with_group(shift, name)}: {measure}"
        frames[with_group(shift, name)] = finish(figure, title, shift, xlim=RATIO_LIMITS, ylim=limits)
    return one_by_one(hv.HoloMap(frames, hv.Dimension("distribution", values=list(frames)), sort=False))


def _limits(accuracies: xr.DataArray) -> tuple[float, float]:
    """Limits of the vertical axis that all figures share, in percent, with some space above and below."""
    mean, deviation = over_repetitions(accuracies)
    low, high = np.nanmin(mean - deviation), np.nanmax(mean + deviation)
    space = 0.05 * max(high - low, 1.0)
    return low - space, high + space


def accuracy(dataset: str) -> hv.Dimension:
    """The vertical axis on a data set."""
    return hv.Dimension("accuracy", label=f"{accuracy_label(dataset)} (%)")


def accuracy_rows(ratio: xr.DataArray, error: xr.DataArray) -> list[tuple[float, float, float]]:
    """(prune ratio, accuracy, standard deviation) in percent for every cycle that all repetitions reached.

    A mean over those that are left would rise or fall for no other reason than that some are missing.
    """
    x, _ = over_repetitions(ratio)
    mean, deviation = over_repetitions(1 - error)
    reached = ratio.notnull().all("repetition").values
    return [(float(a), float(b), float(c)) for a, b, c, all_ in zip(x, mean, deviation, reached, strict=True) if all_]


def _background(rows: list[tuple[float, float, float]], name: str, axis: hv.Dimension) -> hv.Overlay:
    """One curve among many: without a place in the legend, its name shows when it is pointed at."""
    tooltips = [("", name), (RATIO.label, "@prune_ratio{0.0}"), (axis.label, "@accuracy{0.00}")]
    curve = hv.Curve([row[:2] for row in rows], RATIO, axis).opts(
        opts.Curve(color="#c4c4c4", line_width=1, backend="bokeh"),
        opts.Curve(color="#c4c4c4", linewidth=0.8, backend="matplotlib"),
    )
    marks = hv.Scatter([row[:2] for row in rows], RATIO, axis).opts(
        opts.Scatter(color="#c4c4c4", size=4, tools=["hover"], hover_tooltips=tooltips, backend="bokeh"),
        opts.Scatter(color="#c4c4c4", s=6, backend="matplotlib"),
    )
    return curve * marks
