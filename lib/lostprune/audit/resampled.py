"""The verdict where a mistake is not an image but a share of all pixels: a bootstrap over images.

Both networks' counts of an image are drawn together, since both networks have seen that image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtri

from ..metrics.sampling import image_weights
from .paired import ALPHA, CANNOT_TELL, POWER, SAFE, UNSAFE, quantile

RESAMPLES = 1000
FEWEST_CHANGED = 10  # images; a bootstrap over fewer says nothing
Error = Callable[[torch.Tensor], float]


class Resampled(NamedTuple):
    """What a bootstrap over images says of the difference of two networks' errors.

    Attributes:
        lower, upper: one-sided bounds of the difference, pruned less parent.
        verdict: "safe", "unsafe" or "cannot tell".
        p_unsafe: one-sided, against "the pruned network loses at most delta".
        minimum_detectable: the smallest difference that is found with a power of 80 %.
        images_needed: how many images would decide; NaN if the difference is delta, or if no image differs.
    """

    lower: float
    upper: float
    verdict: str
    p_unsafe: float
    minimum_detectable: float
    images_needed: float


def drawn_differences(
    parent: torch.Tensor, pruned: torch.Tensor, error: Error, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """The difference of two networks' errors on test sets drawn with replacement from one, [resamples].

    Test sets of equally many images are the same draw, so that differences on several distributions can be averaged.

    Args:
        parent, pruned: counts int64 [images, ...] of a task.
        error: the task's, of counts [n, ...].
    """
    images = len(parent)
    counts = torch.stack([parent, pruned]).flatten(2).double()
    drawn = []
    for weights in torch.from_numpy(image_weights(images, resamples, seed)).split(100):
        summed = (weights.double() @ counts).view(2, len(weights), *parent.shape[1:])
        drawn += [error(after[None]) - error(before[None]) for before, after in zip(*summed, strict=True)]
    return np.array(drawn)


def resampled_verdict(
    parent: torch.Tensor,
    pruned: torch.Tensor,
    error: Error,
    delta: float = 0.005,
    alpha: float = ALPHA,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Compare two networks by what was counted on each image; arguments as for :func:`drawn_differences`."""
    changed = int((parent != pruned).flatten(1).any(1).sum())
    if not changed:
        return Resampled(0.0, 0.0, SAFE, 1.0, 0.0, np.nan)
    drawn = drawn_differences(parent, pruned, error, resamples, seed)
    lower, upper = (float(bound) for bound in np.quantile(drawn, [alpha, 1 - alpha]))
    verdict = SAFE if upper <= delta else UNSAFE if lower > delta else CANNOT_TELL
    detectable = (quantile(alpha) + float(ndtri(POWER))) * float(drawn.std(ddof=1))
    distance = delta - (error(pruned) - error(parent))
    return Resampled(
        lower,
        upper,
        verdict if changed >= FEWEST_CHANGED else CANNOT_TELL,
        float((1 + (drawn <= delta).sum()) / (1 + resamples)),
        detectable,
        float(np.ceil(len(parent) * (detectable / distance) ** 2)) if distance else np.nan,
    )
