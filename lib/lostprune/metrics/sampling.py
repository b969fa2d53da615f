"""What a finite test set does to the prune potential: a bootstrap over its images. Not in the paper.

A margin of 0.5 % is 50 of 10,000 images, and which images are in a test set is chance. A pruned network is compared
with its parent on the same images, so both are resampled together: image by image, whether each network is wrong on it.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..tasks import iou_error
from .checks import check_delta, check_dimensions, check_fractions, check_parent, check_same_labels
from .potential import DELTA, largest_within

LEVEL, RESAMPLES = 0.95, 1000
_OF_PIXELS = ("class", "quantity")


def prune_potential_interval(
    wrong: xr.DataArray,
    prune_ratio: xr.DataArray,
    delta: float = DELTA,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> xr.DataArray:
    """Between which prune potentials other test sets of the same size and kind would put these networks.

    Args: as for :func:`resampled_prune_potential`; ``level`` as for :func:`interval`.

    Returns:
        Fractions in [0, 1] (``bound``, …): ``"lower"`` and ``"upper"``, over the dimensions of the prune potential.
    """
    return interval(resampled_prune_potential(wrong, prune_ratio, delta, resamples, seed), level)


def resampled_prune_potential(
    wrong: xr.DataArray, prune_ratio: xr.DataArray, delta: float = DELTA, resamples: int = RESAMPLES, seed: int = 0
) -> xr.DataArray:
    """The prune potential on test sets of as many images, drawn from the given ones with replacement.

    The same images are drawn for all networks, and for all distributions that have equally many: the resamples of two
    potentials can be subtracted from each other.

    Args:
        wrong: bool over ``cycle`` (0 is the parent), ``distribution``, ``image`` and any others: whether a network
            misclassifies an image. Of segmentation, whole numbers over these, ``class`` and ``quantity``: the pixels of
            an image (``lostprune.tasks.PIXELS``), which give the IoU error of a test set. If a distribution has fewer
            images than others, NaN fills its end.
        prune_ratio: fractions in [0, 1] over ``cycle`` and others of ``wrong``; NaN marks a cycle that was not
            reached, whose ``wrong`` does not count.
        delta: margin in [0, 1], absolute.
        resamples: how many test sets are drawn.
        seed: seed of the draws.

    Returns:
        Fractions in [0, 1] (``resample``, …, ``distribution``).

    Raises:
        ValueError: a dimension or the parent is missing, ``delta`` or ``resamples`` is out of range, labels differ
            between the arrays, or a distribution has no images.
    """
    check_delta(delta)
    if resamples < 1:
        raise ValueError(f"resamples: got {resamples!r}, expected at least 1, such as {RESAMPLES}")
    check_dimensions(("cycle", "distribution", "image"), wrong=wrong)
    check_dimensions(("cycle",), prune_ratio=prune_ratio)
    check_parent("wrong", wrong)
    check_same_labels(wrong=wrong, prune_ratio=prune_ratio)
    check_fractions("prune_ratio", prune_ratio.where(prune_ratio.notnull(), 0.0))
    chains = [dimension for dimension in wrong.dims if dimension not in ("cycle", "distribution", "image", *_OF_PIXELS)]
    wrong = wrong.transpose(*chains, "cycle", "distribution", "image", ...)
    first = {"distribution": 0, "image": slice(1), **{name: 0 for name in _OF_PIXELS if name in wrong.dims}}
    template = wrong.isel(first, drop=True).count("image")  # of the right shape
    ratio = prune_ratio.reindex_like(template).broadcast_like(template).transpose(*chains, "cycle").values
    parent = wrong.get_index("cycle").get_loc(0)
    weights: dict[int, np.ndarray] = {}
    potentials = []
    for name in wrong["distribution"].values:
        one = images_of(wrong.sel(distribution=name))
        count = one.shape[template.ndim]
        if count not in weights:
            weights[count] = image_weights(count, resamples, seed)
        resampled = resampled_iou_errors if set(_OF_PIXELS) <= set(wrong.dims) else resampled_errors
        error = resampled(one, weights[count])
        potentials.append(largest_within(error, error[..., parent], ratio, delta))
    coordinates = {name: wrong[name].variable for name in (*chains, "distribution", "group") if name in wrong.coords}
    potential = xr.DataArray(np.stack(potentials, -1), coordinates, ("resample", *chains, "distribution"))
    return potential.rename("prune_potential").assign_attrs(delta=delta, long_name="prune potential, resampled images")


def interval(resampled: xr.DataArray, level: float = LEVEL) -> xr.DataArray:
    """The middle ``level`` of a quantity's resamples; its ends are values that were drawn, never ones in between.

    Args:
        resampled: over ``resample`` and any others: of a prune potential, or of what is computed from several.
        level: in (0, 1).

    Returns:
        (``bound``, …): ``"lower"`` and ``"upper"``.

    Raises:
        ValueError: ``resample`` is missing, or ``level`` is out of range.
    """
    if not 0 < level < 1:
        raise ValueError(f"level: got {level!r}, expected a number between 0 and 1, such as {LEVEL}")
    check_dimensions(("resample",), resampled=resampled)
    bounds = [
        resampled.quantile(quantile, "resample", method=method).drop_vars("quantile")
        for quantile, method in (((1 - level) / 2, "lower"), ((1 + level) / 2, "higher"))
    ]
    bound = xr.Variable("bound", ["lower", "upper"])
    return xr.concat(bounds, bound).assign_attrs(resampled.attrs, level=level)


def paired_standard_error(wrong: xr.DataArray) -> xr.DataArray:
    """Standard error of the difference between a network's error and its parent's on the same images.

    Args:
        wrong: as for :func:`resampled_prune_potential`.

    Returns:
        Fractions (…, ``cycle``, ``distribution``); 0 at cycle 0. For cycles that were not reached it means nothing.
    """
    check_dimensions(("cycle", "distribution", "image"), wrong=wrong)
    check_parent("wrong", wrong)
    errors = []
    for name in wrong["distribution"].values:
        one = wrong.sel(distribution=name).dropna("image", how="all").astype("float32")
        one = one.drop_vars([coordinate for coordinate in one.coords if not one[coordinate].ndim])  # they differ
        if set(_OF_PIXELS) <= set(one.dims):
            errors.append(_resampled_standard_error(one))
            continue
        change = one - one.sel(cycle=0, drop=True)
        errors.append(change.std("image") / np.sqrt(one.sizes["image"]))
    return xr.concat(errors, wrong["distribution"]).transpose(..., "cycle", "distribution").rename("standard_error")


def _resampled_standard_error(pixels: xr.DataArray) -> xr.DataArray:
    """As :func:`paired_standard_error`, of an IoU, which is no mean over images: how much it varies when resampled."""
    pixels = pixels.transpose(..., "image", *_OF_PIXELS)
    error = resampled_iou_errors(pixels.values, image_weights(pixels.sizes["image"], RESAMPLES, 0))
    kept = pixels.isel({name: 0 for name in pixels.dims[-3:]}, drop=True)  # of the dimensions and coordinates of errors
    error = kept.expand_dims(resample=len(error)).copy(data=error)
    return (error - error.sel(cycle=0, drop=True)).std("resample", ddof=1)


def images_of(wrong: xr.DataArray) -> np.ndarray:
    """``wrong`` on one distribution as float32 [..., images, …], without the images it does not have."""
    there = wrong.dropna("image", how="all")
    if not there.sizes["image"]:
        raise ValueError(f"wrong: got no image of {wrong['distribution'].item()}, expected at least one")
    return there.transpose(..., "image", *(name for name in _OF_PIXELS if name in there.dims)).values.astype(np.float32)


def image_weights(count: int, resamples: int, seed: int) -> np.ndarray:
    """How often each image occurs in each resampled test set: float32 [resamples, count], every row sums to count."""
    random = np.random.default_rng(seed)
    weights = np.empty((resamples, count), np.float32)
    for row in weights:  # one at a time: its counters stay in the cache
        row[:] = np.bincount(random.integers(count, size=count), minlength=count)
    return weights


def resampled_errors(wrong: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Errors [resamples, ...] of ``wrong`` [..., images]; float32 counts exactly up to 2**24 images."""
    *shape, count = wrong.shape
    wrong_images = weights @ wrong.reshape(-1, count).T
    return wrong_images.astype(np.float64).reshape(len(weights), *shape) / count


def resampled_iou_errors(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """IoU errors [resamples, ...] of pixels [..., images, classes, 3]; their sums are rounded to float32."""
    by_image = np.moveaxis(pixels, -3, 0)
    summed = weights @ by_image.reshape(len(by_image), -1)
    return iou_error(summed.reshape(len(weights), *by_image.shape[1:]))
