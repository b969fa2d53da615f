"""Section 4: how close pruned networks stay to their parents, beside a network that was trained separately."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import metrics
from ..published.labels import label
from .words import above, by_answer, count, listing, signed

SUFFICES = 0.5  # of the softmax output: more than that of all other classes together
FEW_IMAGES = 10  # a bootstrap over fewer says little
CHANCE = 0.05  # a p-value below it is taken for a difference


def parents_pixels(part: xr.Dataset, distribution: str) -> str:
    """Whether the pixels that the parent keeps suffice for its pruned networks, and more than for the separate one.

    Args:
        part: part ``informative``.
        distribution: of the images.

    They suffice where the mean confidence toward the true class is above one half in its whole 95% interval over
    images; more than for the separate network, where the interval of the difference is above 0.
    """
    one = part.sel(distribution=distribution)
    confidence = one.confidence.sel(mask_network="parent")
    found, enough_images = metrics.mean_over_images(confidence), confidence.sizes["image"] >= FEW_IMAGES
    parent = found.isel(pruner=0).sel(network="parent")
    said = f"On its own tenth of the pixels, the parent has {_with_ends(parent)}"
    has_separate = bool(found["mean"].sel(network="separate").notnull().any())
    if has_separate:
        said += (
            f"; on the same pixels the separate network has {_with_ends(found.isel(pruner=0).sel(network='separate'))}"
        )
    lines, enough, more = [], {}, {}
    for method in part.pruner.values.tolist():
        networks = pruned_networks(one, method)
        shown, sure = [], []
        for name, ratio in networks.items():
            mine = found.sel(pruner=method, network=name)
            words = f"{float(mine['mean']):.0%} at a prune ratio of {ratio:.0%}"
            suffices = above(mine.lower, mine.upper, SUFFICES) if enough_images else None
            enough.setdefault(method, []).append(suffices)
            if has_separate:
                own = confidence.sel(pruner=method)  # of the repetitions that reached this network
                change = own.sel(network=name) - own.sel(network="separate")
                low, high = metrics.interval(metrics.resampled_means(change)).values
                sure.append(above(low, high) if enough_images else None)
                words += f" ({signed(100 * low, 0)} to {signed(100 * high, 0)} points against the separate network)"
            shown.append(words)
        more[method] = _all(sure[:-1] or sure)
        lines.append(f"- **{method}**: {listing(shown)}." if shown else f"- **{method}**: no pruned network.")
    suffices = {method: _all(answers[:-1] or answers) for method, answers in enough.items()}
    images = count(part.sizes["image"], "image")
    lines += [
        "\nFor all pruned networks but the smallest of each method, or its only one, as far as a sample of "
        f"{images} can tell:\n",
        f"- *The parent's pixels suffice*: {by_answer(suffices) or 'there is no pruned network'}.",
    ]
    if has_separate:
        lines.append(
            f"- *The pruned networks are more confident on them than the separate network*: {by_answer(more)}."
        )
    return "\n".join([f"{said}. The confidence of its pruned networks on these pixels:\n", *lines])


def true_class(part: xr.Dataset, distribution: str) -> str:
    """What choosing the pixels toward the true class, not toward the predicted one, would change."""
    one = part.isel(pruner=0).sel(distribution=distribution, network="parent", mask_network="parent")
    right = one.right
    if not bool(right.any()):
        return (
            "The parent is right on none of these images, so choosing toward the true class would change all of them."
        )
    among, all_ = float(one.confidence.where(right).mean()), float(one.confidence.mean())
    return (
        f"Where a network is right, it predicts the true class, so the pixels would be the same. The "
        f"parent is right on {float(right.mean()):.0%} of these images, and among them its confidence on its own "
        f"pixels is {among:.0%}, against {all_:.0%} on all images. The true class could change only the others."
    )


def noise_similarity(noise: xr.Dataset, curves: xr.Dataset) -> str:
    """Whether pruned networks predict as their parents do under noise, more often than separate networks.

    Args:
        noise, curves: parts of one study; ``noise`` has the separate networks.
    """
    if "separate_matching_predictions" not in noise:
        return "No separate network was measured, so there is nothing to compare the pruned networks with."
    last, lines, answers = float(noise.noise_level.max()), [], {}
    separate = noise.separate_matching_predictions
    for method in noise.pruner.values.tolist():
        there = curves.prune_ratio.sel(pruner=method).notnull() & (curves.cycle > 0)
        if not bool(there.any()):
            lines.append(f"- **{method}**: no pruned network.")
            answers[method] = None
            continue
        matching = noise.matching_predictions.sel(pruner=method).where(there)
        closer = (matching > separate).where(there)
        share = float(closer.mean())
        answers[method] = True if share == 1 else False if share <= 0.5 else None
        at_end = matching.sel(noise_level=last)
        least, most = float(at_end.min()), float(at_end.max())
        lines.append(
            f"- **{method}**: at noise level {last:g} its networks predict what their parent does on {least:.0%} to "
            f"{most:.0%} of the images, the separate network on {float(separate.sel(noise_level=last).mean()):.0%}. "
            f"Over all levels, {share:.0%} of the pruned networks are closer to the parent."
        )
    lines.append(f"\n*Pruned networks stay closer to their parent than the separate network*: {by_answer(answers)}.")
    return "\n".join(lines)


def turned_predictions(
    flips: xr.Dataset, curves: xr.Dataset, distribution: str, classes: xr.Dataset | None = None
) -> str:
    """In which direction pruning turns predictions, where it costs no accuracy and where most is pruned.

    Args:
        flips: the result of :func:`lostprune.metrics.flips` for all classes together.
        curves: part of the same study.
        distribution: of the images.
        classes: the same per class, with the names of the classes as coordinate.
    """
    lines = []
    for method in flips.pruner.values.tolist():
        mine = flips.sel(pruner=method, distribution=distribution)
        there = curves.prune_ratio.sel(pruner=method).notnull().all("repetition") & (curves.cycle > 0)
        reached = curves.cycle.values[there.values]
        if not len(reached):
            lines.append(f"- **{method}**: no pruned network.")
            continue
        error = ((mine.lost - mine.won) / mine.images).mean("repetition").sel(cycle=reached)
        closest = int(reached[np.abs(error.values).argmin()])
        said = []
        for cycle, words in ((closest, "closest to its parent in error"), (int(reached[-1]), "pruned the most")):
            at, ratio = mine.sel(cycle=cycle), float(curves.prune_ratio.sel(pruner=method, cycle=cycle).mean())
            differ = int((at.p < CHANCE).sum())
            said.append(
                f"the network {words} (prune ratio {ratio:.0%}) changes {float((at.lost / at.images).mean()):.1%} of "
                f"the images from right to wrong and {float((at.won / at.images).mean()):.1%} from wrong to right; "
                f"the errors differ beyond chance in {differ} of {count(at.sizes['repetition'], 'repetition')}"
            )
        worst = _worst(classes, method, distribution, int(reached[-1]))
        lines.append(f"- **{method}** on {label(distribution)}: {'. And '.join(said)}.{worst}")
    return "\n".join(lines)


def _worst(classes: xr.Dataset | None, method: str, distribution: str, cycle: int) -> str:
    """The classes that lose the most and the least, on balance."""
    if classes is None:
        return ""
    one = classes.sel(pruner=method, distribution=distribution, cycle=cycle)
    lost = ((one.lost - one.won) / one.images).mean("repetition")
    worst, best = lost.isel({"class": lost.values.argmax()}), lost.isel({"class": lost.values.argmin()})
    loses, wins = (f"“{one['class'].item()}”" for one in (worst, best))
    return (
        f" Accuracy suffers most on {loses} ({signed(-100 * float(worst))} points) and least on {wins} "
        f"({signed(-100 * float(best))} points)."
    )


def pruned_networks(one: xr.Dataset, method: str) -> dict[str, float]:
    """The pruned networks of a method that were reached, with their prune ratios."""
    ratios = one.prune_ratio.sel(pruner=method).mean("repetition")
    names = [name for name in one.network.values.tolist() if name not in ("parent", "separate")]
    return {name: float(ratios.sel(network=name)) for name in names if np.isfinite(ratios.sel(network=name))}


def _with_ends(found: xr.Dataset) -> str:
    mean, low, high = (float(found[name]) for name in ("mean", "lower", "upper"))
    return f"a mean confidence of {mean:.0%} toward the true class (95% interval {low:.0%} to {high:.0%})"


def _all(answers: list[bool | None]) -> bool | None:
    """Whether all hold; ``None`` where none fails and some are unclear."""
    return False if False in answers else None if None in answers or not answers else True
