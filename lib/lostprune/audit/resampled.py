"""The verdict of segmentation, where a mistake is not an image but a share of all pixels: a bootstrap over images.

Both networks' pixels of an image are drawn together, since both networks have seen that image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from ..metrics.sampling import image_weights
from ..tasks import iou_error
from .paired import ALPHA, CANNOT_TELL, POWER, SAFE, UNSAFE, quantile

RESAMPLES = 1000
FEWEST_CHANGED = 10  # images; a bootstrap over fewer says nothing


class Resampled(NamedTuple):
    """What a bootstrap over images says of the difference of two networks' IoU errors.

    Attributes:
        difference: pruned less parent, in [-1, 1].
        lower, upper: one-sided bounds of it.
        verdict: "safe", "unsafe" or "cannot tell".
        p_unsafe: one-sided, against "the pruned network loses at most delta"; 1 where too few images differ.
        minimum_detectable: the smallest difference that is found with a power of 80 %.
        images_needed: how many images would decide; NaN if the difference is delta, or if no image differs.
    """

    difference: float
    lower: float
    upper: float
    verdict: str
    p_unsafe: float
    minimum_detectable: float
    images_needed: float


def drawn_differences(parent: np.ndarray, pruned: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """The difference of two networks' IoU errors on test sets drawn with replacement from one, [resamples].

    Test sets of equally many images are the same draw, so that differences on several distributions can be averaged.

    Args:
        parent, pruned: int [images, classes, 3], pixels of each class as ``lostprune.tasks.iou_error`` takes them.
    """
    weights = image_weights(len(parent), resamples, seed).astype(np.float64)

    def errors(pixels: np.ndarray) -> np.ndarray:
        return iou_error((weights @ pixels.reshape(len(pixels), -1)).reshape(resamples, *pixels.shape[1:]))

    return errors(pruned) - errors(parent)


def resampled_verdict(
    parent: np.ndarray,
    pruned: np.ndarray,
    delta: float = 0.005,
    alpha: float = ALPHA,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Compare two networks by the pixels of each image; arguments as for :func:`drawn_differences`."""
    difference = float(iou_error(pruned.sum(0)) - iou_error(parent.sum(0)))
    changed = int((parent != pruned).any((1, 2)).sum())
    if not changed:
        return Resampled(0.0, 0.0, 0.0, SAFE, 1.0, 0.0, np.nan)
    drawn = drawn_differences(parent, pruned, resamples, seed)
    lower, upper = (float(bound) for bound in np.quantile(drawn, [alpha, 1 - alpha]))
    verdict = SAFE if upper <= delta else UNSAFE if lower > delta else CANNOT_TELL
    detectable = (quantile(alpha) + float(ndtri(POWER))) * float(drawn.std(ddof=1))
    distance, images = delta - difference, len(parent)
    needed = np.ceil(images * (detectable / distance) ** 2) if distance else np.nan
    if changed < FEWEST_CHANGED:
        told = Resampled(difference, lower, upper, CANNOT_TELL, 1.0, detectable, needed)
        return told._replace(images_needed=float(np.maximum(needed, np.ceil(images * FEWEST_CHANGED / changed))))
    return Resampled(
        difference,
        lower,
        upper,
        verdict,
        float((1 + (drawn <= delta).sum()) / (1 + resamples)),
        detectable,
        float(needed),
    )
