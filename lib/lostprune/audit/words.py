"""What the numbers of a comparison say, in sentences."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..findings.words import count, listing, signed
from ..published.labels import label
from ..study import Study
from .families import holm
from .paired import CANNOT_TELL, SAFE, UNSAFE
from .potentials import Recommendation


def percent(fraction: float, digits: int = 2) -> str:
    """``8.27%``."""
    return f"{100 * fraction:.{digits}f}%"


def points(fraction: float) -> str:
    """A difference in percentage points: ``+0.31``."""
    return signed(100 * fraction, 2).replace("-", "−")


def margin(delta: float) -> str:
    """``0.5 percentage points``."""
    return f"{100 * delta:g} percentage point{'' if f'{100 * delta:g}' == '1' else 's'}"


def thousands(number: float) -> str:
    """A whole number to two figures where it is large: ``about 12,000``."""
    if number < 100:
        return f"{number:.0f}"
    digits = len(str(int(number))) - 2
    return f"about {int(np.ceil(number / 10**digits)) * 10**digits:,}"


def verdict_in_words(one: xr.Dataset) -> str:
    """The verdict of one distribution and, where the images do not decide, how many would."""
    verdict = str(one.verdict.item())
    if verdict != CANNOT_TELL:
        return verdict
    needed = float(one.images_needed)
    if not np.isfinite(needed):
        return f"{verdict}: the difference is the margin itself"
    return f"{verdict}: needs {thousands(max(needed, float(one.images) + 1))} images"


def headline(tree: xr.DataTree) -> str:
    """The verdict over all distributions in one sentence."""
    verdicts, delta = tree["verdict"], margin(tree.attrs["delta"])
    tested = verdicts.sizes["distribution"]
    names = {one: [label(str(name)) for name in verdicts.distribution[verdicts == one].values] for one in _KINDS}
    if tree.attrs["verdict"] == SAFE:
        alone = " No shifted data were tested: this says nothing about them." if tested == 1 else ""
        return f"On {_all(tested)}, the pruned network's error is at most {delta} above its parent's.{alone}"
    if tree.attrs["verdict"] == UNSAFE:
        proved = verdicts.distribution[holm(tree["p_unsafe"].values, tree.attrs["alpha"])].values
        return f"The pruned network loses more than {delta} on {_some([label(str(name)) for name in proved])}."
    parts = []
    if names[UNSAFE]:
        parts.append(
            f"The loss on {_some(names[UNSAFE])} is above {delta} if tested alone, but of {tested} distributions one "
            "may look like that by chance."
        )
    if names[CANNOT_TELL]:
        parts.append(
            f"The images are too few to tell whether the loss is at most {delta} on {_some(names[CANNOT_TELL])}."
        )
    return " ".join(parts)


_KINDS = (SAFE, UNSAFE, CANNOT_TELL)


def _all(tested: int) -> str:
    return "the distribution that was tested" if tested == 1 else f"all {tested} distributions that were tested"


def _some(names: list[str], most: int = 4) -> str:
    """The first names, and how many more there are."""
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return listing(names)


def retraining(study: Study) -> str:
    """How the pruned networks were trained again."""
    recipe = study.retrain_recipe
    if not recipe.epochs:
        return "The networks were pruned and not retrained."
    last = recipe.learning_rate * recipe.decay ** len(recipe.milestones)
    return (
        f"The networks were retrained for {count(recipe.epochs, 'epoch')} of {study.train_images:,} images after each "
        f"step, at a learning rate of {recipe.learning_rate:g} that falls to {last:.2g}."
    )


def told(found: xr.Dataset) -> str:
    """How many of an audit's verdicts the images decide."""
    pruned = found.sel(cycle=slice(1, None))
    counts = {kind: int((pruned.verdict == kind).sum()) for kind in _KINDS}
    text = f"{count(sum(counts.values()), 'verdict')}: {counts[SAFE]} safe, {counts[UNSAFE]} unsafe."
    if not counts[CANNOT_TELL]:
        return text
    text += f" In {count(counts[CANNOT_TELL], 'case')} the images cannot tell"
    needed = float(pruned.images_needed.median())
    if np.isfinite(needed):
        who = "it needs" if counts[CANNOT_TELL] == 1 else "half of these need at least"
        text += f"; {who} {thousands(needed)} images"
    return f"{text}."


def recommendation(best: Recommendation) -> str:
    """Which network to use, and where it is safe."""
    if not best.cycle:
        return "No pruned network that was measured is shown to be safe, not even on the test set: do not prune."
    what = f"Prune {percent(best.prune_ratio, 0)} of the parameters with {best.pruner}"
    if best.everywhere:
        return f"{what}: that is safe on {_all(len(best.safe_on))}."
    return (
        f"No pruned network is shown to be safe on all distributions. {what} only where the data are as in "
        f"{_some([label(name) for name in best.safe_on])}: there it is safe."
    )


def flips(tree: xr.DataTree) -> str:
    """Which class loses most, on the nominal distribution and on the one where most images are lost."""
    if "negative_flips" not in tree:
        return "The networks give a class to each pixel: no image is right or wrong as a whole."
    sentences = []
    worst = str(tree["negative_flip_rate"].idxmax("distribution").item())
    for name in dict.fromkeys((tree.attrs["nominal"], worst)):
        one = tree.to_dataset().sel(distribution=name)
        lost, won = one.negative_flips, int(one.positive_flips.sum())
        if not lost.sum():
            sentences.append(f"{label(name)}: no image that the parent gets right is lost.")
            continue
        place = int(lost.argmax("class"))
        share = lost[place].item() / max(1, one.class_images[place].item())
        sentences.append(
            f"{label(name)}: of {one.images.item():,} images {int(lost.sum()):,} are lost and {won:,} won (McNemar's "
            f"exact test: p = {float(one.mcnemar_p):.2g}). The class {lost['class'][place].item()!r} loses "
            f"most: {lost[place].item():,} images, {percent(share, 1)} of its own."
        )
    return " ".join(sentences)
