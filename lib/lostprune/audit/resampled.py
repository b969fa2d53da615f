"""The same verdict for segmentation, where a mistake is not an image but a share of all pixels: a bootstrap.

Per image there are two confusion matrices, one of each network; an image is drawn with both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from .paired import ALPHA, CANNOT_TELL, POWER, SAFE, UNSAFE, quantile

RESAMPLES = 2000
FEWEST_CHANGED = 10  # images; a bootstrap over fewer says nothing
_AT_ONCE = 250  # resamples


class Resampled(NamedTuple):
    """What a bootstrap over images says of the difference of two networks' errors.

    Attributes:
        difference: pruned less parent, in [-1, 1].
        lower, upper: one-sided bounds of it.
        verdict: "safe", "unsafe" or "cannot tell".
        p_unsafe: one-sided, against "the pruned network loses at most delta".
        minimum_detectable: the smallest difference that is found with a power of 80 %.
        images_needed: how many images would decide; NaN if the difference is delta, or none differs.
    """

    difference: float
    lower: float
    upper: float
    verdict: str
    p_unsafe: float
    minimum_detectable: float
    images_needed: float


def resampled_verdict(
    parent: np.ndarray,
    pruned: np.ndarray,
    error: Callable[[np.ndarray], np.ndarray],
    delta: float = 0.005,
    alpha: float = ALPHA,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Compare two networks by what was counted on each image.

    Args:
        parent, pruned: int [images, ...], such as confusion matrices [images, classes, classes].
        error: of counts summed over images, [resamples, ...], to fractions [resamples].
        delta, alpha: margin and level.
        resamples, seed: of the bootstrap.
    """
    images = len(parent)
    differs = (parent != pruned).reshape(images, -1).any(1)
    random = np.random.default_rng(seed)
    one = np.ones((1, images))
    difference = float(_difference(one, parent, pruned, error)[0])
    if not differs.any():
        return Resampled(0.0, 0.0, 0.0, SAFE if delta >= 0 else UNSAFE, 1.0, 0.0, np.nan)
    draws = []
    for first in range(0, resamples, _AT_ONCE):
        count = min(_AT_ONCE, resamples - first)
        weights = random.multinomial(images, np.full(images, 1 / images), size=count).astype(float)
        draws.append(_difference(weights, parent, pruned, error))
    drawn = np.concatenate(draws)
    lower, upper = np.quantile(drawn, [alpha, 1 - alpha])
    spread = float(drawn.std(ddof=1))
    detectable = (quantile(alpha) + norm.ppf(POWER)) * spread
    distance = delta - difference
    needed = np.ceil(images * (detectable / distance) ** 2) if distance else np.nan
    verdict = SAFE if upper <= delta else UNSAFE if lower > delta else CANNOT_TELL
    if differs.sum() < FEWEST_CHANGED:
        verdict = CANNOT_TELL
    p_unsafe = float((1 + (drawn <= delta).sum()) / (1 + resamples))
    return Resampled(difference, float(lower), float(upper), verdict, p_unsafe, float(detectable), float(needed))


def _difference(weights: np.ndarray, parent: np.ndarray, pruned: np.ndarray, error: Callable) -> np.ndarray:
    """The difference of the errors, [resamples], of test sets in which image i stands ``weights[:, i]`` times."""

    def of(counts: np.ndarray) -> np.ndarray:
        summed = weights @ counts.reshape(len(counts), -1)
        return error(summed.reshape(len(weights), *counts.shape[1:]))

    return of(pruned) - of(parent)
