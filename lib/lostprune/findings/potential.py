"""Section 5: the prune potential under noise and corruptions."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from .. import metrics
from ..published.labels import accuracy_label, label
from .words import count, counts_pixels, listing, signed, spread, trained_on

EQUAL = 0.0005  # a difference that tables would print as 0.0% is none


def under_noise(potential: xr.DataArray, noise: xr.Dataset, images: int) -> str:
    """Whether the prune potential falls as noise grows (Figure 1), for each method and repetition.

    Args:
        potential: (pruner, repetition, noise_level).
        noise: the part that it was computed from.
        images: how many images there were.
    """
    levels = [f"{level:g}" for level in potential.noise_level.values]
    parents = 1 - noise.error.isel(pruner=0, cycle=0)
    margin = f"On these {images:,} images the margin is {count(potential.attrs['delta'] * images, 'image')}."
    lines = [
        f"The parents' own {accuracy_label(noise.attrs['dataset'])} goes from {spread(parents.isel(noise_level=0))} at "
        f"noise level {levels[0]} to {spread(parents.isel(noise_level=-1))} at {levels[-1]}. "
        f"{f'There are {images:,} images.' if counts_pixels(noise) else margin}\n"
    ]
    for method in potential.pruner.values.tolist():
        mine = potential.sel(pruner=method)
        first, last = mine.isel(noise_level=0), mine.isel(noise_level=-1)
        line = f"- **{method}**: {spread(first)} at level {levels[0]}, {spread(last)} at level {levels[-1]}"
        positive = (mine.mean("repetition") > 0).values.nonzero()[0]
        if len(positive) and positive[-1] + 1 < len(levels):
            line += f"; it is 0 from level {levels[positive[-1] + 1]} on"
        lines.append(f"{line}. {_verdict(last - first, first, 'It falls', 'It does not fall')}")
    return "\n".join(lines)


def curves_under_shift(shift: xr.Dataset, curves: xr.Dataset, pruner: str, delta: float) -> str:
    """What the largest network reduction that looks free on nominal data costs on each distribution (Figure 6a)."""
    error, ratio = shift.error.sel(pruner=pruner), curves.prune_ratio.sel(pruner=pruner)
    nominal, (_, test) = shift.attrs["dataset"], metrics.groups(error)
    loss = error - error.sel(cycle=0)
    free = (loss.sel(distribution=nominal) <= delta + metrics.ROUNDING) & (ratio > 0)
    if not bool(free.any()):
        return f"No network pruned with {pruner} stays within {delta * 100:g} points of its parent on nominal data."
    chosen = free & (ratio == ratio.where(free).max("cycle"))  # in repetitions without such a network: nowhere
    change = 0 - loss.where(chosen).mean(["cycle", "repetition"])
    shifted = change.sel(distribution=test)
    worst, best = (shifted.isel(distribution=int(pick("distribution"))) for pick in (shifted.argmin, shifted.argmax))
    falls = int((shifted < -delta - metrics.ROUNDING).sum())
    on_nominal, under_shift = float(change.sel(distribution=nominal)), float(shifted.mean())
    return (
        f"Where {pruner} has pruned as much as nominal data allow, {spread(ratio.where(chosen).max('cycle'))}, "
        f"the {accuracy_label(nominal)} changes by {signed(100 * on_nominal)} points on {label(nominal)} and by "
        f"{signed(100 * under_shift)} points on "
        f"average under shift: worst on {_named(worst)}, best on {_named(best)}. "
        f"It falls by more than {delta * 100:g} points on {falls} of {count(shifted.size, 'test distribution')}."
    )


def _named(change: xr.DataArray) -> str:
    return f"{label(str(change.distribution.values))} ({signed(100 * float(change))} points)"


def over_distributions(potential: xr.DataArray) -> str:
    """On how many test distributions the potential is lower than on the train distribution (Figures 6b, 6e and 8b)."""
    train, test = metrics.groups(potential)
    lines = []
    for method in potential.pruner.values.tolist():
        mean = potential.sel(pruner=method).mean("repetition")
        trained, shifted = float(mean.sel(distribution=train).mean()), mean.sel(distribution=test)
        lower, higher = (int(many) for many in ((shifted < trained - EQUAL).sum(), (shifted > trained + EQUAL).sum()))
        lowest = shifted.isel(distribution=int(shifted.argmin("distribution")))
        zero = int((shifted == 0).sum())
        of_all = count(shifted.size, "test distribution")
        lines.append(
            f"- **{method}**: {trained:.1%} on {trained_on(potential)}; lower on {lower} of {of_all}, "
            f"higher on {higher}, the same on {shifted.size - lower - higher}. "
            + (f"On {zero} of them it is 0." if zero else "")
            + ("" if zero else f"The lowest is {float(lowest):.1%}, on {label(str(lowest.distribution.values))}.")
        )
    return "\n".join(lines)


def overparameterization(potential: xr.DataArray) -> str:
    """Whether the average potential is lower under shift than on the train distribution (Table 2), for each method."""
    average = metrics.overparameterization(potential).average
    lines = []
    for method in potential.pruner.values.tolist():
        train, test = (average.sel(pruner=method, group=group) for group in ("train", "test"))
        verdict = _verdict(test - train, train, "It is lower under shift", "It is not lower under shift")
        lines.append(
            f"- **{method}**: {spread(train)} on {trained_on(potential)}, {spread(test)} under shift. {verdict}"
        )
    return "\n".join(lines)


def margins(potentials: Sequence[xr.DataArray]) -> str:
    """Whether the average potential under shift is the lower one whatever the margin δ (Figure 38), for each method.

    Args:
        potentials: (pruner, repetition, distribution), one for every margin.
    """
    lines = []
    for method in potentials[0].pruner.values.tolist():
        by_answer = {True: [], False: [], None: []}
        for potential in potentials:
            average = metrics.overparameterization(potential.sel(pruner=method)).average
            train, test = (average.sel(group=group) for group in ("train", "test"))
            by_answer[became_lower(test - train, train)].append(f"{potential.attrs['delta'] * 100:g}%")
        words = {True: "lower under shift for", False: "not lower for", None: "unclear for"}
        said = "; ".join(f"{words[answer]} δ = {listing(found)}" for answer, found in by_answer.items() if found)
        if by_answer[True] and by_answer[False]:
            verdict = "The choice of δ changes the verdict."
        elif by_answer[True] or by_answer[False]:
            verdict = "Where these numbers can tell, the choice of δ does not change the verdict."
        else:
            verdict = "These numbers cannot tell, whatever δ is."
        lines.append(f"- **{method}**: {said}. {verdict}")
    return "\n".join(lines)


def became_lower(change: xr.DataArray, before: xr.DataArray) -> bool | None:
    """Whether a potential became lower; None where the repetitions disagree, or some were 0 from the start."""
    lower, could = change < -EQUAL, before > 0
    if not bool(could.any()) or bool(lower.any()) != bool(lower.all()):
        return None
    if not bool(lower.any()) and not bool(could.all()):
        return None
    return bool(lower.all())


def _verdict(change: xr.DataArray, before: xr.DataArray, holds: str, fails: str) -> str:
    """The same in a sentence; with several repetitions, in how many of them."""
    if not float(before.max()) > 0:
        return "Nothing could be pruned to begin with, so there is nothing to lose."
    held, repetitions = became_lower(change, before), change.size
    if held is None:
        lower = int((change < -EQUAL).sum())
        why = "they disagree" if lower else "in some of them nothing could be pruned to begin with"
        return f"It is lower in {lower} of {repetitions} repetitions: {why}, and these numbers cannot tell."
    where = "here" if repetitions == 1 else f"in all {repetitions} repetitions" if held else "in any repetition"
    return f"{holds}: the finding holds {where}." if held else f"{fails}: the finding does not hold {where}."
