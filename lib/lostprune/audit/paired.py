"""Is a pruned network as good as its parent, within a margin? Score tests of two error rates on the same images.

Only the images on which the two networks differ tell them apart:

- ``lost`` (b): the parent is right, the pruned network is wrong: negative flips.
- ``won`` (c): the parent is wrong, the pruned network is right: positive flips.

The difference of the two errors is ``d = (b - c) / n``. All functions take numbers or arrays, which broadcast.
Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
Statistics in Medicine 17, 1998.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

ALPHA = 0.05  # of every one-sided test
POWER = 0.8
SAFE, UNSAFE, CANNOT_TELL = "safe", "unsafe", "cannot tell"
_HALVINGS = 50  # of an interval of length 2: bounds to 2e-15


def quantile(alpha: float = ALPHA) -> float:
    """The standard normal quantile of a one-sided test."""
    return float(ndtri(1 - alpha))


def statistic(lost: ArrayLike, won: ArrayLike, images: ArrayLike, delta: ArrayLike) -> np.ndarray:
    """Tango's score statistic of ``d = delta``: standard normal if that holds, negative if ``d`` is less.

    The variance is that of the most likely flip rates whose difference is ``delta``. Unlike that of the observed
    rates it is not 0 where no image changed.

    Args:
        lost, won: numbers of images.
        images: how many there are, at least 1.
        delta: in (-1, 1).
    """
    b, c, n = (np.asarray(value, float) for value in (lost, won, images))
    delta = np.asarray(delta, float)
    linear = (2 * n - b + c) * delta - b - c
    rate = (np.sqrt(linear**2 + 8 * n * c * delta * (1 - delta)) - linear) / (4 * n)  # of the positive flips
    rate = np.maximum(rate, np.maximum(0, -delta))  # what rounding may have left below
    deviation = np.sqrt(n * (2 * rate + delta * (1 - delta)))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (b - c - n * delta) / deviation
    return np.where(b - c == n * delta, 0.0, found)


def bounds(lost: ArrayLike, won: ArrayLike, images: ArrayLike, alpha: float = ALPHA) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ``1 - alpha`` bound of the difference of the errors, each one-sided, in [-1, 1]."""
    return -_upper(won, lost, images, alpha), _upper(lost, won, images, alpha)


def _upper(lost: ArrayLike, won: ArrayLike, images: ArrayLike, alpha: float) -> np.ndarray:
    """The largest difference that the score test does not reject; it falls as the difference grows."""
    b, c, n = np.broadcast_arrays(*(np.asarray(value, float) for value in (lost, won, images)))
    low, high, z = (b - c) / n, np.ones(b.shape), quantile(alpha)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rejected = statistic(b, c, n, middle) < -z
        low, high = np.where(rejected, low, middle), np.where(rejected, middle, high)
    return (low + high) / 2


def verdict(
    lost: ArrayLike, won: ArrayLike, images: ArrayLike, delta: float = 0.005, alpha: float = ALPHA
) -> np.ndarray:
    """``"safe"`` where the upper bound is at most ``delta``, ``"unsafe"`` where the lower one is above it.

    Else ``"cannot tell"``: the images are too few.
    """
    found, z = statistic(lost, won, images, delta), quantile(alpha)
    return np.where(found <= -z, SAFE, np.where(found > z, UNSAFE, CANNOT_TELL))


def p_unsafe(lost: ArrayLike, won: ArrayLike, images: ArrayLike, delta: float = 0.005) -> np.ndarray:
    """One-sided p-value against "the pruned network loses at most ``delta``": small where it is unsafe."""
    return ndtr(-statistic(lost, won, images, delta))


def minimum_detectable(lost: ArrayLike, won: ArrayLike, images: ArrayLike, alpha: float = ALPHA) -> np.ndarray:
    """The smallest difference that a test on these images finds with a power of 80 %, in [0, 1].

    At a disagreement of 5 % it is 0.0056 with 10,000 images and 0.0176 with 1,000.
    """
    changed = np.asarray(lost, float) + np.asarray(won, float)
    return (quantile(alpha) + ndtri(POWER)) * np.sqrt(changed) / np.asarray(images, float)


def images_needed(
    lost: ArrayLike, won: ArrayLike, images: ArrayLike, delta: float = 0.005, alpha: float = ALPHA
) -> np.ndarray:
    """How many images would decide, if flips stay as frequent as they are: whole numbers; NaN for ``d = delta``.

    The test then has a power of about 80 %. Where no image changed, flips have no spread to guard against, and the
    level alone counts: at ``delta = 0.005`` 539 images without a flip are enough.
    """
    b, c, n = (np.asarray(value, float) for value in (lost, won, images))
    found = statistic(b, c, n, delta)
    z = quantile(alpha) + np.where(b + c > 0, ndtri(POWER), 0.0)
    with np.errstate(divide="ignore"):
        # The statistic grows with the root of the number of images.
        needed = np.ceil(n * (z / found) ** 2)
    return np.where(found == 0, np.nan, needed)
