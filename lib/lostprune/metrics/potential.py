"""Prune potential (Definition 1): how much can go before the error on some data rises by more than a margin."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .checks import check_delta, check_dimensions, check_fractions, check_parent, check_same_labels

DELTA = 0.005  # the paper's margin: 0.5 % (Section 5.1)
# Errors are counts divided by the number of images: a difference of exactly delta must not fail by a rounding error.
# Early results have the errors on images with noise in float32.
ROUNDING = 1e-7


def prune_potential(
    error: xr.DataArray,
    parent_error: xr.DataArray | None = None,
    prune_ratio: xr.DataArray | None = None,
    delta: float = DELTA,
) -> xr.DataArray:
    """The largest measured prune ratio whose error stays within ``delta`` of the parent's (Definition 1).

    Any point of the curve counts, no matter what happens before or after it. Nothing is interpolated.

    Args:
        error: fractions in [0, 1]; has the dimension ``cycle`` and any others (pruner, repetition, distribution, …).
        parent_error: the unpruned network's error on the same data, without ``cycle``. ``None``: that of cycle 0.
        prune_ratio: fractions in [0, 1]; has ``cycle`` and may lack others, such as the distribution. NaN marks a
            cycle that was not reached; it is passed over.
        delta: margin in [0, 1], absolute.

    Returns:
        Fractions in [0, 1] over the dimensions of ``error`` but ``cycle``; 0 where no cycle stays within the margin.

    Raises:
        TypeError: no ``prune_ratio``.
        ValueError: ``cycle`` is missing, ``delta`` is outside [0, 1], an error that was measured is NaN or not a
            fraction, or a distribution, method, repetition or cycle is in one array and not in another.
    """
    if prune_ratio is None:
        raise TypeError("prune_ratio: got none, expected the measured ratios, such as curves.prune_ratio")
    check_delta(delta)
    check_dimensions(("cycle",), error=error, prune_ratio=prune_ratio)
    if parent_error is None:
        check_parent("error", error)
        parent_error = error.sel(cycle=0, drop=True)
    if "cycle" in parent_error.dims:
        raise ValueError("parent_error: got the dimension 'cycle', expected none; take .sel(cycle=0, drop=True)")
    check_same_labels(error=error, parent_error=parent_error)
    check_same_labels(error=error, prune_ratio=prune_ratio)
    prune_ratio = prune_ratio.reindex_like(error)  # the same labels may stand in another order
    reached = prune_ratio.notnull()
    check_fractions("error", error.where(reached, 0.0))
    check_fractions("parent_error", parent_error)
    check_fractions("prune_ratio", prune_ratio.where(reached, 0.0))
    potential = xr.apply_ufunc(
        lambda *arrays: largest_within(*arrays, delta),
        error,
        parent_error,
        prune_ratio,
        input_core_dims=[["cycle"], [], ["cycle"]],
        join="inner",  # parent_error's labels, too
    )
    return potential.rename("prune_potential").assign_attrs(delta=delta, long_name="prune potential")


def largest_within(error: np.ndarray, parent: np.ndarray, ratio: np.ndarray, delta: float) -> np.ndarray:
    """The same for plain arrays [..., cycles], [...] and [..., cycles]: the largest ratio within the margin, or 0."""
    within = (error <= parent[..., None] + delta + ROUNDING) & np.isfinite(ratio)
    return np.where(within, ratio, 0.0).max(-1)
