"""Section 6, and beyond it: what another training gives back of the potential that is lost under shift."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import metrics
from ..published.labels import label, training_label
from .words import count, listing, signed, spread, trained_on


def regained(nominal: xr.DataArray, robust: xr.DataArray) -> str:
    """How much of what is lost under shift robust training gives back, for what it has seen and for what it has not.

    Args:
        nominal, robust: prune potential (pruner, repetition, distribution) after nominal and after robust training.
    """
    (trained, _), (seen, _) = metrics.groups(nominal), metrics.groups(robust)
    sizes = {"seen": 0, "unseen": 0}
    for name in nominal.distribution.values.tolist():
        if name in robust.distribution and name not in trained:
            sizes["seen" if name in seen else "unseen"] += 1
    whole, lines = metrics.regained(nominal, robust), []
    words = {"seen": "that robust training has seen", "unseen": "that it has not seen"}
    for method in whole.pruner.values.tolist():
        start = nominal.sel(pruner=method, distribution=trained).mean("distribution")
        parts = []
        for kind in whole.corruptions.values.tolist():
            one = whole.sel(pruner=method, corruptions=kind)
            before, after, share = (float(one[name]) for name in ("before", "after", "share"))
            answer = f"{share:.0%} of the loss is given back" if share >= 0 else f"the loss is {-share:.0%} larger"
            answer = answer if np.isfinite(share) else "nothing was lost there"
            which = f"{count(sizes[kind], 'distribution')} {words[kind]}"
            parts.append(f"on the {which}: {before:.1%}, and {after:.1%} after robust training ({answer})")
        lines.append(f"- **{method}**: {spread(start)} on nominal data after nominal training; {'; '.join(parts)}.")
    return "\n".join(lines)


def potential_by_training(potentials: dict[str, xr.DataArray], pruner: str, distributions: list[str]) -> str:
    """The potential of one method after each kind of training: on what was trained on, and on some distributions.

    Args:
        potentials: the potentials by training.
        pruner: a method that all have.
        distributions: averaged over; those that all have count.
    """
    common = [name for name in distributions if all(name in one.distribution for one in potentials.values())]
    if not common:
        return f"None of {listing([label(name) for name in distributions])} was measured for all of these networks."
    lines = []
    for training, one in potentials.items():
        mine, (train, _) = one.sel(pruner=pruner), metrics.groups(one)
        start, there = (mine.sel(distribution=names).mean("distribution") for names in (train, common))
        lines.append(
            f"- {training_label(training)}: {spread(start)} on {trained_on(one)}, {spread(there)} on "
            f"{listing([label(name) for name in common]) if len(common) < 6 else f'these {len(common)}'}, "
            f"{count(mine.sizes['repetition'], 'repetition')}."
        )
    return "\n".join(lines)


def cost_by_training(shifts: dict[str, xr.Dataset], curves: dict[str, xr.Dataset], pruner: str) -> str:
    """What the network with the fewest parameters loses, on nominal data and on what no training has seen.

    Args:
        shifts, curves: parts of studies that differ in their training, by training.
        pruner: a method that all have.
    """
    unseen = metrics.unseen(shifts.values())
    lines = []
    for training, shift in shifts.items():
        ratio = curves[training].prune_ratio.sel(pruner=pruner)
        last = ratio == ratio.max("cycle")  # chains may end at different cycles
        error = shift.error.sel(pruner=pruner)
        loss = (error - error.sel(cycle=0)).where(last).mean("cycle")
        parent = 1 - error.sel(cycle=0)
        said = [
            f"{signed(-100 * float(loss.sel(distribution=names).mean()))} points on {words} (parent: "
            f"{spread(parent.sel(distribution=names).mean('distribution'))})"
            for names, words in (([shift.attrs["dataset"]], "nominal data"), (unseen, f"the {len(unseen)} unseen ones"))
        ]
        pruned = f"with {spread(ratio.max('cycle'))} of the parameters pruned"
        lines.append(f"- {training_label(training)}: {pruned}, accuracy changes by {said[0]} and by {said[1]}.")
    if len({shift.attrs["test_sha256"] for shift in shifts.values()}) > 1:
        lines.append(
            "\nThey were not all tested on the same images: compare what each of them loses, not how good it is."
        )
    return "\n".join(lines)
