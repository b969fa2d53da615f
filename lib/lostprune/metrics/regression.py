"""The straight line through the origin that the paper draws through the differences in excess error (Appendix D.5)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

RESAMPLES = 10_000
CONFIDENCE = 0.95


class Slope(NamedTuple):
    """Slope of ``y = slope * x``, with its 95% confidence interval; NaN where there was nothing to fit."""

    value: float
    low: float
    high: float
    points: int


def slope_through_origin(x: np.ndarray, y: np.ndarray, seed: int = 0) -> Slope:
    """Ordinary least squares without intercept; the interval is that of a bootstrap over pairs.

    Args:
        x, y: float [n]; pairs with a NaN are left out.
        seed: seed of the bootstrap's draws.

    Returns:
        With fewer than two points the interval is NaN; with none, or all x equal to 0, the slope too.
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not (x * x).sum():
        return Slope(np.nan, np.nan, np.nan, len(x))
    value = float((x * y).sum() / (x * x).sum())
    if len(x) < 2:
        return Slope(value, np.nan, np.nan, len(x))
    draws = np.random.default_rng(seed).integers(len(x), size=(RESAMPLES, len(x)))
    squares = (x * x)[draws].sum(1)
    slopes = (x * y)[draws].sum(1)[squares > 0] / squares[squares > 0]
    low, high = np.quantile(slopes, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Slope(value, float(low), float(high), len(x))


def slope_of_method(y: xr.DataArray, prune_ratio: xr.DataArray, method: str) -> Slope:
    """The same over the prune ratio of one method, all repetitions and pruned networks together.

    Args:
        y, prune_ratio: over (pruner, repetition, cycle); NaN where a cycle was not reached.
        method: the pruning method.
    """
    pairs = (values.sel(pruner=method).isel(cycle=slice(1, None)) for values in (prune_ratio, y))
    return slope_through_origin(*(values.transpose("repetition", "cycle").values.ravel() for values in pairs))
