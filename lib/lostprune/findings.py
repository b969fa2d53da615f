"""What the numbers of a study show, said in sentences: computed from its results, for the prose of the notebooks.

Every function returns Markdown. For each method on its own they say whether a finding of the paper, which
the notebook states, holds in these numbers, does not hold, or cannot be asked.
"""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from . import metrics, published
from .figures.style import label, over_repetitions
from .regression import slope_through_origin

ROUNDING = 1e-9  # potentials that should be equal may differ by this much
FEW_POINTS = 6  # a bootstrap interval over fewer says little


def accuracy(curves: xr.Dataset) -> str:
    """How good the unpruned parents are, and what is left of it where most was pruned."""
    parents = 1 - curves.test_error.isel(pruner=0, cycle=0)
    lines = [
        f"The unpruned {label(curves.attrs['network'])} classifies {_spread(parents)} of the test images correctly."
    ]
    ends = []
    for method in curves.pruner.values.tolist():
        ratio = curves.prune_ratio.sel(pruner=method)
        last = int(ratio.notnull().any("repetition").values.nonzero()[0][-1])
        left = 1 - curves.test_error.sel(pruner=method).isel(cycle=last)
        ends.append(f"{_spread(left)} with {method} at a prune ratio of {_spread(ratio.isel(cycle=last), False)}")
    return f"{lines[0]} Where the most was pruned, that is {_listing(ends)}."


def commensurate(curves: xr.Dataset, delta: float) -> str:
    """For every method how much can go before test accuracy falls by more than ``delta`` (a fraction)."""
    error, ratio = curves.test_error, curves.prune_ratio
    parent = error.sel(cycle=0, drop=True)
    potential = metrics.prune_potential(error, parent, ratio, delta)
    saved = curves.flop_reduction.where(ratio == potential).max("cycle")
    paper = published.overparameterization().average.sel(group="train", statistic="mean")
    lines = []
    for method in curves.pruner.values.tolist():
        mine = potential.sel(pruner=method)
        if float(mine.max()) > 0:
            line = f"- **{method}** can remove {_spread(mine)} of the parameters, "
            line += f"which saves {_spread(saved.sel(pruner=method))} of the multiply-adds, and stay within {delta * 100:g}% of its parent's accuracy."
        else:
            loss = (error - parent).sel(pruner=method).isel(cycle=slice(1, None)).mean("repetition")
            best = loss.isel(cycle=int(loss.fillna(np.inf).argmin("cycle")))
            where = float(ratio.sel(pruner=method, cycle=best.cycle).mean("repetition"))
            line = f"- **{method}** has no pruned network within {delta * 100:g}% of its parent; the closest loses "
            line += f"{float(best):.1%}, at a prune ratio of {where:.1%}."
        if curves.attrs["network"] in paper.network:
            line += f" (The paper: {float(paper.sel(network=curves.attrs['network'], pruner=method)):.1%}.)"
        lines.append(line)
    return "\n".join(lines)


def resolution(images: int, delta: float, curves: xr.Dataset, noise: xr.Dataset | None = None) -> str:
    """What a test set of so many images can tell apart, and what several repetitions add.

    With part ``noise``, whose networks are compared with their parents prediction by prediction, the standard error of
    a difference is bounded by the share of images on which the two predict differently.
    """
    text = (
        f"These errors are measured on {images:,} test images: one image is worth {1 / images:.2%}, and the margin "
        f"δ = {delta * 100:g}% is {delta * images:g} images. "
    )
    if noise is not None and 0.0 in noise.noise_level:
        differing = 1 - noise.matching_predictions.sel(noise_level=0.0).isel(cycle=slice(1, None)).mean()
        error, what = float(np.sqrt(differing / images)), "the difference between the errors of the two"
        text += f"A pruned network and its parent predict differently on {float(differing):.0%} of the images, so "
        text += f"{what} has a standard error of up to {error:.2%}"
    else:
        share = float(curves.test_error.isel(pruner=0, cycle=0).mean())
        error = float(np.sqrt(share * (1 - share) / images))
        text += f"An accuracy of {1 - share:.0%} on so many images has a standard error of {error:.2%}"
    larger = "more than the margin itself: on which side of it a single network falls is partly chance"
    text += f", {larger if error > delta else 'less than the margin'}. "
    repetitions = curves.sizes["repetition"]
    if repetitions == 1:
        return (
            text + "There is one repetition, so nothing here says how much another random initialisation would change."
        )
    return text + f"Means and standard deviations (±) are over {repetitions} repetitions."


def unreached(curves: xr.Dataset) -> str:
    """Why some curves end early; empty if none does."""
    reasons = json.loads(curves.attrs["unreachable"])
    return "".join(f"- The chain of {where} ends early: {reason}\n" for where, reason in reasons.items())


def under_noise(potential: xr.DataArray, noise: xr.Dataset) -> str:
    """Whether the prune potential falls as noise grows (Figure 1), for each method and repetition."""
    levels = potential.noise_level.values
    parents = 1 - noise.error.isel(pruner=0, cycle=0)
    quiet, loud = (parents.isel(noise_level=place) for place in (0, -1))
    text = f"The parents' own accuracy goes from {_spread(quiet)} at noise level {levels[0]:g} to {_spread(loud)} at "
    lines = [text + f"{levels[-1]:g}.", ""]
    for method in potential.pruner.values.tolist():
        mine = potential.sel(pruner=method)
        first, last = mine.isel(noise_level=0), mine.isel(noise_level=-1)
        line = f"- **{method}**: {_spread(first)} at level {levels[0]:g}, {_spread(last)} at level {levels[-1]:g}"
        zero = levels[(mine.mean("repetition") == 0).values]
        line += f"; it is 0 from level {zero[0]:g} on" if len(zero) and (levels[-len(zero) :] == zero).all() else ""
        lines.append(f"{line}. {_verdict(last - first, first, 'It falls', 'It does not fall')}")
    return "\n".join(lines)


def curves_under_shift(shift: xr.Dataset, curves: xr.Dataset, pruner: str, delta: float) -> str:
    """What the largest network reduction that looks free on nominal data costs on each distribution (Figure 6a)."""
    error, ratio = shift.error.sel(pruner=pruner), curves.prune_ratio.sel(pruner=pruner)
    nominal = str(error.distribution.values[0])
    loss = error - error.sel(cycle=0)
    free = (loss.sel(distribution=nominal) <= delta + metrics.ROUNDING) & (ratio > 0)
    if not bool(free.any()):
        return f"No network pruned with {pruner} stays within {delta * 100:g}% of its parent on nominal data."
    chosen = ratio == ratio.where(free).max("cycle")  # in repetitions without such a network: nowhere
    cost = loss.where(chosen).mean(["cycle", "repetition"])
    shifted = cost.drop_sel(distribution=nominal)
    worst, best = (shifted.isel(distribution=int(pick("distribution"))) for pick in (shifted.argmax, shifted.argmin))
    beyond = int((shifted > delta + metrics.ROUNDING).sum())
    return (
        f"Pruned with {pruner} as far as nominal data allows, to {_spread(ratio.where(chosen).max('cycle'))}, a network "
        f"loses {float(cost.sel(distribution=nominal)):.1%} of accuracy on {label(nominal)} and "
        f"{float(shifted.mean()):.1%} on average under shift: most on {label(str(worst.distribution.values))} "
        f"({float(worst):.1%}), least on {label(str(best.distribution.values))} ({float(best):.1%}). On {beyond} of "
        f"{shifted.size} corruptions it loses more than {delta * 100:g}%."
    )


def over_distributions(potential: xr.DataArray) -> str:
    """On how many corruptions the prune potential is lower than on nominal data (Figures 6b and 6e)."""
    lines = []
    for method in potential.pruner.values.tolist():
        mean = potential.sel(pruner=method).mean("repetition")
        nominal, shifted = float(mean[{"distribution": 0}]), mean.isel(distribution=slice(1, None))
        lower, higher = (int(many) for many in ((shifted < nominal - ROUNDING).sum(), (shifted > nominal + ROUNDING).sum()))
        lowest = shifted.isel(distribution=int(shifted.argmin("distribution")))
        zero = int((shifted == 0).sum())
        lines.append(
            f"- **{method}**: {nominal:.1%} on nominal data; lower on {lower} of {shifted.size} corruptions, higher on "
            f"{higher}, the same on {shifted.size - lower - higher}. "
            + (f"On {zero} of them it is 0." if zero else "")
            + ("" if zero else f"The lowest is {float(lowest):.1%}, on {label(str(lowest.distribution.values))}.")
        )
    return "\n".join(lines)


def excess(difference: xr.DataArray, prune_ratio: xr.DataArray) -> str:
    """Whether the difference in excess error grows with the prune ratio (Figures 6c and 6f)."""
    lines = []
    for method in difference.pruner.values.tolist():
        x, y = (values.sel(pruner=method).isel(cycle=slice(1, None)) for values in (prune_ratio, difference))
        slope = slope_through_origin(x.values.ravel(), y.values.ravel())
        if not np.isfinite(slope.low):
            verdict = "That is too few points for an interval."
        elif slope.low > 0:
            verdict = "The more is pruned, the more the network suffers from shift: the finding holds here."
        elif slope.high < 0:
            verdict = "The more is pruned, the less the network suffers from shift: the finding does not hold here."
        else:
            verdict = "The interval includes 0: these numbers do not tell."
        few = f" The interval comes from {slope.points} points only." if slope.points < FEW_POINTS else ""
        lines.append(
            f"- **{method}**: {slope.value / 10:+.2%} of error for every 10% of the parameters (95% interval "
            f"{slope.low / 10:+.2%} to {slope.high / 10:+.2%}), {float(y.max()):+.1%} at most. {verdict}{few}"
        )
    return "\n".join(lines)


def overparameterization(potential: xr.DataArray) -> str:
    """Whether the average potential is lower under shift than on nominal data (Table 2), for each method."""
    nominal = str(potential.distribution.values[0])
    average = metrics.overparameterization(potential, (nominal,)).average
    lines = []
    for method in potential.pruner.values.tolist():
        train, test = (average.sel(pruner=method, group=group) for group in ("train", "test"))
        verdict = _verdict(test - train, train, "It is lower under shift", "It is not lower under shift")
        lines.append(f"- **{method}**: {_spread(train)} on nominal data, {_spread(test)} under shift. {verdict}")
    return "\n".join(lines)


def _verdict(change: xr.DataArray, before: xr.DataArray, holds: str, fails: str) -> str:
    """Whether a potential is lower than before, on average; with several repetitions, in how many of them."""
    if not float(before.max()) > 0:
        return "Nothing could be pruned to begin with, so there is nothing to lose."
    lower = int((change < -ROUNDING).sum())
    agree = f" It is lower in {lower} of {change.size} repetitions." if change.size > 1 else ""
    if float(change.mean()) < -ROUNDING:
        return f"{holds}: the finding holds here.{agree}"
    return f"{fails}: the finding does not hold here.{agree}"


def _spread(values: xr.DataArray, with_deviation: bool = True) -> str:
    """Mean over repetitions in percent, with the standard deviation where there are several."""
    mean, deviation = over_repetitions(values)
    several = with_deviation and values.sizes["repetition"] > 1
    return f"{float(mean):.1f} ± {float(deviation):.1f}%" if several else f"{float(mean):.1f}%"


def _listing(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
