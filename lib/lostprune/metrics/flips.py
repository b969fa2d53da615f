"""Signed flips: which of the predictions that pruning changes it changes for the worse, and which for the better.

Two networks of equal error can be wrong on different images. A distance between them says how much differs, not in
which direction; flips do. Not in the paper.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import bdtr

from .checks import check_dimensions, check_parent


def mcnemar_p(lost: ArrayLike, won: ArrayLike) -> np.ndarray:
    """McNemar's exact test, two-sided: whether two networks differ in error at all, from the images they differ on.

    Args:
        lost: how many images only the first network gets right.
        won: how many only the second does.

    Returns:
        p-values in (0, 1]: how often a fair coin would part ``lost + won`` images at least so unevenly.
    """
    lost, won = np.asarray(lost), np.asarray(won)
    return np.minimum(2 * bdtr(np.minimum(lost, won), lost + won, 0.5), 1.0)


def flips(wrong: xr.DataArray, labels: xr.DataArray | None = None) -> xr.Dataset:
    """How many images each pruned network loses and wins against its parent.

    Args:
        wrong: bool over ``cycle`` (0 is the parent), ``image`` and any others: whether a network misclassifies an
            image.
        labels: the class of each image over ``image``; then the flips are counted for each class.

    Returns:
        Over the dimensions of ``wrong`` but ``image``, and ``class`` if there are labels: ``lost``, images that the
        parent gets right and the pruned network wrong; ``won``, the other way round; ``images``, how many there are;
        and ``p``, see :func:`mcnemar_p`. At cycle 0 nothing flips.

    Raises:
        ValueError: a dimension or the parent is missing, ``wrong`` is not bool, or the labels are not those of its
            images.
    """
    check_dimensions(("cycle", "image"), wrong=wrong)
    check_parent("wrong", wrong)
    if wrong.dtype != bool:
        raise ValueError(f"wrong: got {wrong.dtype}, expected bool; select one distribution that has all images")
    parent = wrong.sel(cycle=0, drop=True)
    lost, won, every = wrong & ~parent, ~wrong & parent, xr.ones_like(wrong)
    if labels is None:
        counts = [which.sum("image") for which in (lost, won, every)]
    else:
        if labels.dims != ("image",) or not labels["image"].equals(wrong["image"]):
            raise ValueError(
                f"labels: got {dict(labels.sizes)}, expected one for each of the {wrong.sizes['image']} images"
            )
        counts = [which.groupby(labels.rename("class")).sum() for which in (lost, won, every)]
    found = xr.Dataset(dict(zip(("lost", "won", "images"), counts, strict=True)))
    return found.assign(p=xr.apply_ufunc(mcnemar_p, found["lost"], found["won"]))
