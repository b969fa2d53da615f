"""The four guidelines of the paper (Section 1), applied to the numbers of a comparison."""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr

from ..findings.words import listing
from ..published.labels import label
from .paired import SAFE
from .words import percent, points, verdict_in_words

RULES = (
    "Don't prune if unexpected shifts in the data distribution may occur during deployment.",
    "Prune moderately if you have partial knowledge of the distribution shifts during training and pruning.",
    "Prune to the full extent if you can account for all shifts in the data distribution during training and pruning.",
    "Maximize the prune potential by explicitly considering data augmentation during retraining.",
)


class Guideline(NamedTuple):
    """One guideline in the paper's words, what follows from it here, and the numbers behind that."""

    rule: str
    advice: str
    evidence: str


def of_comparison(tree: xr.DataTree) -> list[Guideline]:
    """What the guidelines say of one pruned network."""
    found, delta = tree.to_dataset(), tree.attrs["delta"]
    pairs = zip(RULES, (_unexpected, _partly_known, _all_known, _augment), strict=True)
    return [Guideline(rule, *apply(found, delta)) for rule, apply in pairs]


def _unexpected(found: xr.Dataset, delta: float) -> tuple[str, str]:
    worst = found.sel(distribution=found.upper.idxmax("distribution"))
    allowed = str(worst.verdict.item()) == SAFE
    advice = (
        "The worst distribution that was tested allows this network. One that was not tested may not."
        if allowed
        else "Do not use this network where the data may shift in a way that nobody expects."
    )
    name, count = label(str(worst.distribution.item())), found.sizes["distribution"]
    evidence = (
        f"Worst of {count}: {name}, {points(float(worst.difference))} percentage points, at most "
        f"{points(float(worst.upper))} ({verdict_in_words(worst, delta)})."
    )
    return advice, evidence


def _partly_known(found: xr.Dataset, delta: float) -> tuple[str, str]:
    """Each shift left out in turn: had the others said safe, and is it safe there, too?"""
    own = [str(name) for name in found.distribution[found.group == "shift"].values]
    what = "shifts" if own else "corruptions"
    left_out = own or [str(name) for name in found.distribution[found.group == "corruption"].values]
    if len(left_out) < 2:
        return (
            "Cannot be applied: it needs two or more shifts, of which each is left out once.",
            f"{len(left_out)} of your own shifts, and no corruption, were tested."
            if not left_out
            else f"Only {label(left_out[0])} was tested beside the test set.",
        )
    safe = {str(one.distribution.item()): str(one.item()) == SAFE for one in found.verdict}
    promised = [name for name in left_out if all(safe[other] for other in left_out if other != name)]
    broken = [name for name in promised if not safe[name]]
    if not promised:
        return (
            f"No set of known {what} is safe throughout: prune less.",
            f"Of {len(left_out)} {what}, each left out once, the others were never all safe.",
        )
    if broken:
        return (
            f"What is safe on known {what} does not hold on one left out: prune less than they allow.",
            f"All {what} but {label(broken[0])} are safe; {label(broken[0])} is not.",
        )
    return (
        f"What is safe on known {what} held on each that was left out.",
        f"{len(left_out)} {what}, each left out once: the others were safe, and so was it.",
    )


def _all_known(found: xr.Dataset, delta: float) -> tuple[str, str]:
    unsafe = [label(str(name)) for name in found.distribution[found.verdict != SAFE].values]
    if not unsafe:
        return "If these are all the shifts there are, this network may be used.", (
            f"Safe on each of {found.sizes['distribution']} distributions, at a level that needs no correction."
        )
    return "Even if these are all the shifts there are, this network is not shown to be as good as its parent.", (
        f"Not safe: {listing(unsafe)}."
    )


def _augment(found: xr.Dataset, delta: float) -> tuple[str, str]:
    parent = found.error.sel(network="parent")
    hardest = str(parent.idxmax("distribution").item())
    return (
        "Retrain with the shifts that you know as augmentation, and compare again: it cannot be seen from one network.",
        f"The parent itself has most to gain on {label(hardest)}: an error of "
        f"{percent(float(parent.sel(distribution=hardest)))}, beside {percent(float(parent[0]))} on the test set.",
    )
