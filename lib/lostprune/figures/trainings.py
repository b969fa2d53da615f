"""Kinds of training side by side: their prune potential, and their accuracy on what none of them has seen."""

from __future__ import annotations

import holoviews as hv
import xarray as xr

from .. import metrics
from ..metrics.repetitions import over_repetitions
from ..published.labels import network_label, training_label
from .curves import RATIO, RATIO_LIMITS, accuracy, accuracy_rows
from .groups import backdrop, rows_of
from .potential import TOP, grouped_bars, on_distributions
from .style import finish, guide, line

# Okabe and Ito's, other ones than those of the methods as far as there are any, and a marker for each.
_LOOKS = (
    ("#56B4E9", ("circle", "o")),
    ("#D55E00", ("square", "s")),
    ("#E69F00", ("triangle", "^")),
    ("#009E73", ("diamond", "D")),
)


def prune_potential_by_training(
    potentials: dict[str, xr.DataArray], shifts: dict[str, xr.Dataset], pruner: str
) -> hv.Overlay:
    """The prune potential of one method on every distribution, a bar for each kind of training. Not in the paper.

    Args:
        potentials: by training, four at most: fractions (pruner, repetition, distribution) with the coordinate
            ``group``. Shown are the distributions that all have. On the grey ground is what the training with the most
            corruptions was trained on.
        shifts: the parts that they were computed from, at least.
        pruner: a method that all have.
    """
    shifts = {training: shifts[training] for training in potentials}
    widest = max(potentials.values(), key=lambda one: len(metrics.groups(one)[0]))
    common = [
        name for name in widest.distribution.values if all(name in one.distribution for one in potentials.values())
    ]
    names, widest = rows_of(widest.sel(distribution=common))
    series = {
        training_label(training): (color, one.sel(pruner=pruner, distribution=widest.distribution.values))
        for (training, one), (color, _) in zip(potentials.items(), _LOOKS, strict=False)
    }
    figure = hv.Overlay([*backdrop(widest, TOP), *grouped_bars(series, names)])
    title = f"{_title(shifts, pruner)}: prune potential after {_listing(potentials)}"
    return finish(figure, title, list(shifts.values()), height=430, **on_distributions(names))


def accuracy_by_training(shifts: dict[str, xr.Dataset], curves: dict[str, xr.Dataset], pruner: str) -> hv.Overlay:
    """Accuracy over prune ratio, averaged over the corruptions that no training has seen. Not in the paper.

    Args:
        shifts, curves: by training, four at most: parts of studies that differ in their training.
        pruner: a method that all have.

    A dashed line is the unpruned parent after the same training. A curve that stays at its height costs nothing under
    shift, however high it is.
    """
    unseen = metrics.unseen(shifts.values())
    figure, axis = hv.Overlay([]), accuracy(next(iter(shifts.values())).attrs["dataset"])
    for training, (color, marker) in zip(shifts, _LOOKS, strict=False):
        error = shifts[training].error.sel(pruner=pruner, distribution=unseen).mean("distribution")
        parent = float(over_repetitions(1 - error.sel(cycle=0))[0])
        figure = figure * guide(RATIO, axis, parent, parent, color=color)
        points = accuracy_rows(curves[training].prune_ratio.sel(pruner=pruner), error)
        figure = figure * line(RATIO, axis, points, training_label(training), color, marker)
    title = f"{_title(shifts, pruner)}: accuracy on average over {len(unseen)} unseen distributions"
    return finish(figure, title, list(shifts.values()), xlim=RATIO_LIMITS)


def _title(shifts: dict[str, xr.Dataset], pruner: str) -> str:
    return f"{network_label(next(iter(shifts.values())).attrs['network'])} pruned with {pruner}"


def _listing(trainings: dict[str, xr.DataArray]) -> str:
    return "each kind of training" if len(trainings) > 2 else " and ".join(map(training_label, trainings))
