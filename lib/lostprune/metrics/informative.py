"""What a sample of images says of a mean: bootstrap over images. Not in the paper, whose heat maps give means alone."""

from __future__ import annotations

import xarray as xr

from .checks import check_dimensions
from .sampling import LEVEL, RESAMPLES, image_weights, interval


def resampled_means(values: xr.DataArray, resamples: int = RESAMPLES, seed: int = 0) -> xr.DataArray:
    """Means over images and repetitions, on samples of as many images drawn with replacement.

    The same images are drawn for all networks, so the resamples of two of them can be subtracted from each other.

    Args:
        values: over ``image`` and any others, such as the confidence of part ``informative``. NaN marks a network that
            was not reached; only the repetitions that reached it count.
        resamples: how many samples are drawn.
        seed: seed of the draws.

    Returns:
        (``resample``, …), without ``image`` and ``repetition``.

    Raises:
        ValueError: ``image`` is missing, or ``resamples`` is below 1.
    """
    check_dimensions(("image",), values=values)
    if resamples < 1:
        raise ValueError(f"resamples: got {resamples!r}, expected at least 1, such as {RESAMPLES}")
    if "repetition" in values.dims:
        values = values.mean("repetition")
    count = values.sizes["image"]
    weights = xr.DataArray(image_weights(count, resamples, seed) / count, dims=("resample", "image"))
    return xr.dot(weights, values.astype("float64").drop_vars("image", errors="ignore"), dim="image")


def mean_over_images(values: xr.DataArray, level: float = LEVEL) -> xr.Dataset:
    """``mean`` over images and repetitions, and the ends ``lower`` and ``upper`` of its interval.

    Args: as for :func:`resampled_means` and :func:`lostprune.metrics.interval`.

    Example:
        >>> confidence = xr.DataArray([[0.2, 0.4], [0.9, 0.9]], dims=("network", "image"))
        >>> mean_over_images(confidence)["upper"].values
        array([0.4, 0.9])
    """
    mean = values.mean([name for name in ("image", "repetition") if name in values.dims])
    ends = interval(resampled_means(values).fillna(0.0), level).where(mean.notnull())
    return xr.Dataset({"mean": mean, **{name: ends.sel(bound=name, drop=True) for name in ("lower", "upper")}})
