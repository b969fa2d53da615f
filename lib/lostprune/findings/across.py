"""All networks together: for which of them, and for which methods, the paper's findings hold beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from .. import metrics, pruning, results
from ..published.labels import label, network_label, training_label
from .excess import grows
from .potential import became_lower
from .words import by_answer, listing, spread

Parts = Mapping[str, xr.Dataset]  # of one study: curves, shift and noise


def across(studies: Sequence[Parts], delta: float = metrics.DELTA) -> str:
    """Three findings of Section 5 for every study and method.

    Beyond chance means: in all repetitions, and in the whole 95% interval of a bootstrap over the test images, or over
    the pruned networks for the excess error. For the excess error and under noise, two repetitions or more must agree.

    Args:
        studies: parts ``curves``, ``shift`` and ``noise`` of each.
        delta: margin of the prune potential, a fraction in [0, 1].
    """
    findings = {
        "The prune potential is lower under shift than on the train distribution": _lower_under_shift,
        "It falls under noise": _falls_under_noise,
        "The error that shift adds grows with the prune ratio": _excess_grows,
    }
    text, asked = [], 0
    for finding, ask in findings.items():
        lines = []
        for parts in studies:
            answers = ask(parts, delta)
            asked += len(answers)
            lines.append(f"- {_named(parts)}: {by_answer(answers)}.")
        text.append("\n".join([f"**{finding}.**\n", *lines]))
    chance = (
        f"These are {asked} answers. Where an interval decides, its level is 95%: chance alone makes up to one in "
        "twenty look certain. Those about noise rest on the agreement of repetitions, which says less."
    )
    return "\n\n".join([*text, chance])


def weights_against_filters_across(studies: Sequence[Parts], delta: float = metrics.DELTA) -> str:
    """Whether weight pruning has the higher prune potential under shift (Section 7), for studies with both kinds."""
    lines = []
    for parts in studies:
        test = metrics.groups(parts["shift"])[1]
        methods = parts["shift"].pruner.values.tolist()
        kinds = [pruning.of_kind(methods, prunes) for prunes in ("weights", "filters")]
        if not all(kinds):
            continue
        measured, drawn = (all_.sel(distribution=test).mean("distribution") for all_ in _potentials(parts, delta))
        change, resampled = (
            all_.sel(pruner=kinds[0]).mean("pruner") - all_.sel(pruner=kinds[1]).mean("pruner")
            for all_ in (measured, drawn)
        )
        weights, filters = (spread(measured.sel(pruner=kind).mean("pruner")) for kind in kinds)
        verdict = {
            True: "The finding holds.",
            False: "Here it is the other way round.",
            None: "These numbers cannot tell.",
        }[_above_zero(change, resampled)]
        lines.append(
            f"- {_named(parts)}: {weights} with {listing(kinds[0])}, {filters} with {listing(kinds[1])}. {verdict}"
        )
    return "\n".join(lines) or "No study here prunes both weights and filters."


def genuine_overparameterization(studies: Sequence[Parts], delta: float = metrics.DELTA) -> str:
    """What can be pruned whatever the data are, beside what test accuracy says (Section 7), for every study."""
    lines = []
    for parts in studies:
        train, test = metrics.groups(parts["shift"])
        potential, _ = _potentials(parts, delta)
        for method in potential.pruner.values.tolist():
            own = potential.sel(pruner=method).dropna("repetition")
            usual, shifted = own.sel(distribution=train).mean("distribution"), own.sel(distribution=test)
            mean = shifted.mean("repetition")
            lowest = [label(name) for name in mean.distribution.values[(mean == mean.min()).values].tolist()]
            worst = f"; the lowest is {lowest[0]}" if len(lowest) == 1 else ""
            lines.append(
                f"- {_named(parts)}, **{method}**: {spread(usual)} on the train distribution, "
                f"{spread(shifted.mean('distribution'))} on average under shift, {spread(shifted.min('distribution'))} "
                f"on all test distributions at once{worst}."
            )
    return "\n".join(lines)


def robust_training(studies: Sequence[Parts], delta: float = metrics.DELTA) -> str:
    """What robust training gives back (Sections 6 and 7), for every network that was trained both ways at one scale.

    It compares the distributions that the robust networks were not trained on.
    """
    by_training = {
        training: {_but_training(parts): parts for parts in studies if _training(parts) == training}
        for training in ("nominal", "robust")
    }
    both = [one for one in by_training["robust"] if one in by_training["nominal"]]
    lines = []
    for one in both:
        nominal, robust = (by_training[training][one] for training in ("nominal", "robust"))
        known = nominal["shift"].distribution.values.tolist()
        test = [name for name in metrics.groups(robust["shift"])[1] if name in known]
        pairs = [
            [all_.sel(distribution=test).mean("distribution") for all_ in _potentials(parts, delta)]
            for parts in (nominal, robust)
        ]
        for method in pairs[0][0].pruner.values.tolist():
            if method not in pairs[1][0].pruner:
                continue
            (before, drawn_before), (after, drawn_after) = (
                [all_.sel(pruner=method) for all_ in pair] for pair in pairs
            )
            verdict = {
                True: "Robust training raises it.",
                False: "Robust training lowers it.",
                None: "These numbers cannot tell.",
            }[_one_way(before, after, drawn_after - drawn_before)]
            lines.append(
                f"- {_named(robust, trained=False)}, **{method}**: {spread(before)} after nominal training, "
                f"{spread(after)} after robust training, on {len(test)} distributions that neither was trained on. "
                f"{verdict}"
            )
    return "\n".join(lines) or "No network here was trained both ways, so these numbers cannot tell."


def _lower_under_shift(parts: Parts, delta: float) -> dict[str, bool | None]:
    changes = []
    for potential in _potentials(parts, delta):
        groups = metrics.groups(potential)
        usual, shifted = (potential.sel(distribution=names).mean("distribution") for names in groups)
        changes.append(usual - shifted)
    methods = parts["shift"].pruner.values.tolist()
    return {method: _above_zero(*(change.sel(pruner=method) for change in changes)) for method in methods}


def _falls_under_noise(parts: Parts, delta: float) -> dict[str, bool | None]:
    noise, answers = parts["noise"], {}
    potential = metrics.prune_potential(noise.error, prune_ratio=parts["curves"].prune_ratio, delta=delta)
    for method in potential.pruner.values.tolist():
        own = potential.sel(pruner=method).dropna("repetition")
        first, last = (own.isel(noise_level=place) for place in (0, -1))
        answers[method] = became_lower(last - first, first) if own.sizes["repetition"] > 1 else None
    return answers


def _excess_grows(parts: Parts, delta: float) -> dict[str, bool | None]:
    difference = metrics.excess_error_difference(parts["shift"].error)
    return {
        method: grows(difference, parts["curves"].prune_ratio, method) for method in difference.pruner.values.tolist()
    }


def _potentials(parts: Parts, delta: float) -> tuple[xr.DataArray, xr.DataArray]:
    """The prune potential on every distribution, and on resampled test sets."""
    shift, ratio = parts["shift"], parts["curves"].prune_ratio
    measured = metrics.prune_potential(shift.error, prune_ratio=ratio, delta=delta)
    drawn = metrics.resampled_prune_potential(results.outcomes(shift), ratio, delta).mean("repetition")
    return measured, drawn


def _above_zero(change: xr.DataArray, resampled: xr.DataArray) -> bool | None:
    """Whether a change is above 0 in every repetition and in its whole 95% interval; False if below 0, else None."""
    low, high = metrics.interval(resampled).values
    if low > 0 and bool((change > 0).all()):
        return True
    return False if high < 0 and bool((change < 0).all()) else None


def _one_way(before: xr.DataArray, after: xr.DataArray, resampled: xr.DataArray) -> bool | None:
    """Whether every repetition after is above all of those before, and the whole 95% interval above 0; or below."""
    low, high = metrics.interval(resampled).values
    if low > 0 and float(after.min()) > float(before.max()):
        return True
    return False if high < 0 and float(after.max()) < float(before.min()) else None


def _training(parts: Parts) -> str:
    return parts["shift"].attrs["training"]


def _but_training(parts: Parts) -> tuple:
    """All that tells a study from others but its training."""
    attributes = parts["shift"].attrs
    return tuple(attributes.get(name, "") for name in ("network", "dataset", "scale", "seed", "weights"))


def _named(parts: Parts, trained: bool = True) -> str:
    """``ResNet20 (reduced, nominal training)``, with the data set and the seed where they are not the usual ones."""
    attributes = parts["shift"].attrs
    facts = [attributes["scale"], *([training_label(_training(parts))] if trained else [])]
    facts += [label(attributes["dataset"])] * (attributes["dataset"] != "cifar10")
    facts += [f"seed {attributes['seed']}"] * bool(attributes["seed"] != 0)
    return f"{network_label(attributes['network'])} ({', '.join(facts)})"
