"""What the finite test set does to the conclusions of Section 5: not in the paper."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from .. import metrics, results
from ..published.labels import label
from .words import above, count, counts_pixels, listing, signed, trained_on


def test_sets(shift: xr.Dataset) -> str:
    """On how many images of which origin the networks were tested, and which distributions are missing, and why."""
    by_origin: dict[tuple[str, int], list[str]] = {}
    for name, images, source in zip(
        shift.distribution.values.tolist(), shift.images.values.tolist(), shift.source.values.tolist(), strict=True
    ):
        by_origin.setdefault((source, images), []).append(label(name))
    origins = {"generated": "corrupted here by the published definitions", "CIFAR-10-C": "from the published archive"}
    origins["ImageNet-C"] = origins["CIFAR-10-C"]
    lines = []
    for (source, images), names in by_origin.items():
        lines.append(f"- {listing(names)}: {images:,} test images, {origins.get(source, 'as they are')}.")
    for name, reason in json.loads(shift.attrs["left_out"]).items():
        lines.append(f"- {label(name)} is missing: {reason}")
    return "\n".join(lines)


def paired_comparison(shift: xr.Dataset, curves: xr.Dataset, delta: float) -> str:
    """How finely the test set tells a pruned network from its parent, beside the margin."""
    nominal = shift.attrs["dataset"]
    wrong = results.outcomes(shift).sel(distribution=[nominal]).dropna("image", how="all")
    images = wrong.sizes["image"]
    pruned = curves.prune_ratio.notnull() & (curves.cycle > 0)
    error = metrics.paired_standard_error(wrong).sel(distribution=nominal)
    error = float(error.where(pruned).median())
    larger = "more than the margin, so it is partly chance on which side of it a network falls"
    smaller = "less than the margin, though a network close to it can still fall on either side"
    paired = "A pruned network and its parent see the same images, so most of the chance in the two errors cancels out."
    chance = (
        f"The difference between their errors has a standard error of {error:.2%}. Two standard errors, half of the "
        f"usual 95% interval, are {2 * error:.2%}: {larger if 2 * error > delta else smaller}."
    )
    if counts_pixels(shift):
        return f"{paired} {chance}"
    differ = (wrong != wrong.sel(cycle=0)).sel(distribution=nominal).sum("image") / images
    return (
        f"On {images:,} test images, the margin δ = {delta * 100:g}% is {count(delta * images, 'image')}. {paired} "
        f"On {float(differ.where(pruned).median()):.1%} of the images (the median over all pruned networks) only one "
        f"of the two is wrong. {chance}"
    )


def intervals(potential: xr.DataArray, resampled: xr.DataArray) -> str:
    """How far the prune potentials are uncertain, and whether the difference to shifted data is larger than that.

    Args:
        potential: (pruner, repetition, distribution), with the coordinate ``group``.
        resampled: the same on resampled test sets, as :func:`lostprune.metrics.resampled_prune_potential` returns.
    """
    train, _ = metrics.groups(potential)
    answers = {
        True: "the test set is large enough to tell that it is lower",
        False: "the test set is large enough to tell that it is higher",
        None: "the interval includes 0, so a test set of this size cannot tell",
    }
    lines = []
    for method in potential.pruner.values.tolist():
        mean = potential.sel(pruner=method).mean("repetition")
        drawn = resampled.sel(pruner=method).mean("repetition")
        widths = metrics.interval(drawn).diff("bound")
        widest = widths.isel(bound=0, distribution=int(widths.isel(bound=0).argmax("distribution")))
        low, high = metrics.interval(drawn.sel(distribution=train).mean("distribution")).values
        line = (
            f"- **{method}**: {float(mean.sel(distribution=train).mean()):.1%} on {trained_on(potential)}, 95% "
            f"interval {low:.1%} to {high:.1%}. Over all distributions the intervals are "
            f"{float(widths.mean()) * 100:.1f} points wide on average, {float(widest) * 100:.1f} at most (on "
            f"{label(str(widest.distribution.values))})."
        )
        lower, ends = lower_under_shift(resampled, method)
        change, least, most = (signed(100 * float(one)) for one in (test_minus_train(mean), *ends))
        line += f" The average under shift differs by {change} points (interval {least} to {most})"
        lines.append(f"{line}: {answers[lower]}.")
    return "\n".join(lines)


def beyond_sampling(resampled: xr.DataArray) -> str:
    """For which methods the potential is lower under shift by more than the finite test set explains."""
    by_answer: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for method in resampled.pruner.values.tolist():
        by_answer[lower_under_shift(resampled, method)[0]].append(method)
    lower, higher, open_ = by_answer.values()
    text = (
        f"For {listing(lower)} the prune potential is lower under shift by more than a test "
        if lower
        else "For no method is the prune potential lower under shift by more than a test "
    )
    text += "set of this size leaves to chance."
    if higher:
        text += f" For {listing(higher)} it is higher by more than that."
    if open_:
        text += f" For {listing(open_)}, chance in the choice of test images may explain the difference."
    return text


def lower_under_shift(resampled: xr.DataArray, method: str) -> tuple[bool | None, np.ndarray]:
    """Whether the average under shift is below that of the train distribution in the whole 95% interval, and that."""
    drawn = resampled.sel(pruner=method).mean("repetition")
    ends = metrics.interval(test_minus_train(drawn)).values
    return above(-ends[1], -ends[0]), ends


def test_minus_train(potential: xr.DataArray) -> xr.DataArray:
    average = metrics.overparameterization(potential).average
    return average.sel(group="test", drop=True) - average.sel(group="train", drop=True)
