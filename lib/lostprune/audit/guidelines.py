"""The four guidelines of the paper (Section 1), applied to the numbers of a comparison."""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr

from ..findings.words import count, listing
from ..published.labels import label
from .paired import SAFE
from .potentials import Recommendation
from .words import percent, points, verdict_in_words

RULES = (
    "Don't prune if unexpected shifts in the data distribution may occur during deployment.",
    "Prune moderately if you have partial knowledge of the distribution shifts during training and pruning.",
    "Prune to the full extent if you can account for all shifts in the data distribution during training and pruning.",
    "Maximize the prune potential by explicitly considering data augmentation during retraining.",
)


_SHIFTED = ("shift", "corruption")  # groups of distributions


class Guideline(NamedTuple):
    """One guideline in the paper's words, what follows from it here, and the numbers behind that."""

    rule: str
    advice: str
    evidence: str


def of_audit(
    found: xr.Dataset, best: Recommendation, own: tuple[str, ...], other: xr.Dataset | None = None
) -> list[Guideline]:
    """What the guidelines say of how far a network may be pruned.

    Args:
        found: the result of :func:`lostprune.audit.verdicts`, at the level ``ALPHA / best.searched`` of the
            recommendation, so that the two agree.
        best: the recommended network.
        own: names of the reader's own shifts; with fewer than two of them, corruptions are left out in turn.
        other: the same with nominal in the place of robust training, or the other way round, if that was measured.
    """
    chain = found.sel(pruner=best.pruner, repetition=best.repetition)
    bound = chain["lower_bound"]
    worst, everywhere = str(bound.idxmin("distribution").item()), float(bound.min("distribution"))
    names = [str(name) for name in bound["distribution"].values]
    least = f"The smallest lower bound with {best.pruner} is {percent(everywhere, 0)}, on {label(worst)}"
    unexpected = (
        f"If unexpected shifts may occur, do not prune. The worst distribution that was tested allows "
        f"{percent(everywhere, 0)}; one that was not tested may allow less."
        if everywhere
        else "Do not prune: no pruned network is shown to be safe on the worst distribution that was tested."
    )
    known = (
        f"If these are all the shifts there are, prune {percent(best.prune_ratio, 0)} with {best.pruner}."
        if best.everywhere and best.cycle
        else "No measured network is shown to be safe on all of them."
    )
    spread = ", ".join(f"{label(name)} {percent(float(bound.sel(distribution=name)), 0)}" for name in names)
    applied = (
        (unexpected, f"{least}; {count(len(names), 'distribution')} tested."),
        _left_out(chain, own if len(own) > 1 else tuple(names[1:])),
        (known, f"Lower bounds of the prune potential with {best.pruner}: {spread}."),
        _augmentation(found, other),
    )
    return [Guideline(rule, *one) for rule, one in zip(RULES, applied, strict=True)]


def _augmentation(found: xr.Dataset, other: xr.Dataset | None) -> tuple[str, str]:
    """Whether corruptions in retraining raise what is safe on every distribution."""

    def everywhere(one: xr.Dataset) -> float:
        return one["lower_bound"].min("distribution").max().item()

    if other is None:
        return (
            "Retrain with the known shifts as augmentation, and audit again.",
            f"{percent(everywhere(found), 0)} is safe everywhere now. To measure whether that helps, run one audit "
            "with nominal and one with robust training.",
        )
    nominal, robust = (found, other) if found.attrs["training"] == "nominal" else (other, found)
    before, after = everywhere(nominal), everywhere(robust)
    evidence = f"Safe everywhere, with the best method: {percent(before, 0)}, and {percent(after, 0)} with corruptions."
    if after > before:
        return "Retrain with corruptions: it raises what is safe on every distribution.", evidence
    return "Here, corruptions in retraining do not raise what is safe on every distribution.", evidence


def _left_out(chain: xr.Dataset, names: tuple[str, ...]) -> tuple[str, str]:
    """Each shift left out in turn: the potential of the others, tested on it."""
    if len(names) < 2:
        return (
            "Cannot be applied: this rule leaves out each shift in turn, so it needs at least two shifts.",
            f"{len(names)} tested.",
        )
    bounds, broken, allowed = chain["lower_bound"], [], []
    for name in names:
        bound = float(bounds.where(bounds.distribution != name).min())
        if not bound:
            continue
        allowed.append(bound)
        if float(bounds.sel(distribution=name)) < bound:
            broken.append(f"{label(name)} ({percent(bound, 0)})")
    if not allowed:
        return (
            "Do not prune: no pruned network is shown to be safe on the known shifts.",
            f"{len(names)} shifts, each left out once.",
        )
    if broken:
        return (
            "Prune less than the known shifts allow: that much is not shown to be safe on every shift that was left "
            "out.",
            f"{len(names)} shifts, each left out once. Not shown to be safe if pruned as the others allow: "
            f"{listing(broken)}.",
        )
    return (
        f"Prune {percent(min(allowed), 0)}, as the known shifts allow: it was safe on each shift that was left out.",
        f"{len(names)} shifts, each left out once: pruned as far as the others allow, the network was safe there, too.",
    )


def of_comparison(tree: xr.DataTree) -> list[Guideline]:
    """What the guidelines say of one pruned network."""
    found = tree.to_dataset()
    pairs = zip(RULES, (_unexpected, _partly_known, _all_known, _augment), strict=True)
    return [Guideline(rule, *apply(found)) for rule, apply in pairs]


def _unexpected(found: xr.Dataset) -> tuple[str, str]:
    worst = found.sel(distribution=found.upper.idxmax("distribution"))
    allowed = str(worst.verdict.item()) == SAFE
    advice = (
        "The worst distribution that was tested allows this network. One that was not tested may not."
        if allowed
        else "Do not use this network if the data may shift in unexpected ways."
    )
    name, count = label(str(worst.distribution.item())), found.sizes["distribution"]
    evidence = (
        f"Worst of {count}: {name}, {points(float(worst.difference))} percentage points, at most "
        f"{points(float(worst.upper))} ({verdict_in_words(worst)})."
    )
    return advice, evidence


def _partly_known(found: xr.Dataset) -> tuple[str, str]:
    """Each shift left out in turn: had the others said safe, and is it safe there, too?"""
    groups = {group: [str(name) for name in found.distribution[found.group == group].values] for group in _SHIFTED}
    own, corruptions = groups.values()
    left_out = own if len(own) > 1 else own + corruptions
    what = "shifts" if own else "corruptions"
    if len(left_out) < 2:
        return (
            "Cannot be applied: this rule leaves out each shift in turn, so it needs at least two shifts.",
            f"Only {label(left_out[0])} was tested besides the test set." if left_out else "No shift was tested.",
        )
    safe = {str(one.distribution.item()): str(one.item()) == SAFE for one in found.verdict}
    promised = [name for name in left_out if all(safe[other] for other in left_out if other != name)]
    broken = [name for name in promised if not safe[name]]
    if not promised:
        return (
            f"This network is not shown to be safe on the known {what}: prune less.",
            f"Each of {len(left_out)} {what} was left out once, and the others were never all safe.",
        )
    if broken:
        return (
            f"A network that is safe on the known {what} may be unsafe on another one: prune less.",
            f"All {what} but {label(broken[0])} are safe; {label(broken[0])} is not shown to be.",
        )
    return (
        f"The network was safe on every one of the {what} that was left out, too.",
        f"Each of {len(left_out)} {what} was left out once: the others were safe, and it was safe, too.",
    )


def _all_known(found: xr.Dataset) -> tuple[str, str]:
    unsafe = [label(str(name)) for name in found.distribution[found.verdict != SAFE].values]
    if not unsafe:
        tested = count(found.sizes["distribution"], "distribution")
        return (
            "If these are all the shifts there are, this network may be used.",
            f"Safe on each of {tested}, at a level that needs no correction.",
        )
    return "Even if these are all the shifts there are, this network is not shown to be as good as its parent.", (
        f"Not shown to be safe: {listing(unsafe)}."
    )


def _augment(found: xr.Dataset) -> tuple[str, str]:
    parent = found.error.sel(network="parent")
    hardest = str(parent.idxmax("distribution").item())
    return (
        "Retrain with the known shifts as augmentation, and compare again. One network cannot show whether it helps.",
        f"The parent's error is highest on {label(hardest)}: "
        f"{percent(float(parent.sel(distribution=hardest)))}, against {percent(float(parent[0]))} on the test set.",
    )
