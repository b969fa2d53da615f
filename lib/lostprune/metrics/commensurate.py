"""Pruning at commensurate accuracy (Tables 4, 6 and 8): how much can go on average, and what that saves."""

from __future__ import annotations

import xarray as xr

from .checks import check_delta, check_dimensions, check_fractions, check_parent
from .potential import DELTA, ROUNDING


def commensurate(curves: xr.Dataset, delta: float = DELTA) -> xr.Dataset:
    """The largest prune ratio whose mean error stays within ``delta`` of the parents', or the closest result.

    Errors and ratios are averaged over repetitions first, and one cycle is chosen; the prune potential is chosen for
    every repetition on its own, so its mean is another number. Where no cycle is within the margin, the one whose error
    is closest is taken, as the captions of the tables say; of several with the same error, the one that prunes the
    most. A cycle counts only if every repetition reached it.

    Args:
        curves: ``test_error`` and ``prune_ratio``, fractions in [0, 1] over repetition, cycle (0 is the parent) and
            any others, such as the pruner; NaN marks a cycle that was not reached. Whatever else it holds over
            repetition and cycle is averaged too.
        delta: margin in [0, 1], absolute.

    Returns:
        The variables of ``curves`` in the cycle that was chosen, over what is left of their dimensions, and
        ``error_difference``, that of the means; ``within`` (bool), whether it is commensurate; ``cycle``, a coordinate.
        NaN where no cycle was reached by every repetition.

    Raises:
        ValueError: a dimension, the parent or every pruned cycle is missing, ``delta`` is outside [0, 1], or an error
            or a ratio that was measured is NaN or not a fraction.
    """
    check_delta(delta)
    error, ratio = curves.test_error, curves.prune_ratio
    check_dimensions(("repetition", "cycle"), test_error=error, prune_ratio=ratio)
    check_parent("test_error", error)
    if curves.sizes["cycle"] < 2:
        raise ValueError("cycle: got the unpruned parent only, expected a pruned cycle, too")
    check_fractions("test_error", error.where(ratio.notnull(), 0.0))
    check_fractions("prune_ratio", ratio.fillna(0.0))
    mean = curves.mean("repetition", skipna=False, keep_attrs=True)
    pruned = mean.drop_sel(cycle=0)
    difference = pruned.test_error - mean.test_error.sel(cycle=0, drop=True)
    # Within the margin, or not worse than the closest if none is: what the margin must be for some cycle to count.
    margin = difference.min("cycle").clip(min=delta)
    counts = difference <= margin + ROUNDING
    chosen = pruned.prune_ratio.where(counts, -1.0).argmax("cycle")
    found = pruned.assign(error_difference=difference).isel(cycle=chosen)
    return found.where(counts.any("cycle")).assign(within=found.error_difference <= delta + ROUNDING)
