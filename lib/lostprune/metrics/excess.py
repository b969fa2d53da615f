"""Two summaries over distributions: the difference in excess error, and average and minimum prune potential."""

from __future__ import annotations

import xarray as xr

from .checks import both_groups, check_dimensions, check_fractions, check_parent


def excess_error_difference(error: xr.DataArray) -> xr.DataArray:
    """How much more a pruned network loses under a shift than its parent does: ê - e (Definition 2, Section 5.1).

    The excess error is the mean error over the test distributions minus that over the train distributions.

    Args:
        error: fractions in [0, 1] over ``cycle`` (0 is the parent), ``distribution`` and any others; the coordinate
            ``group`` says what is a train and what is a test distribution (:func:`lostprune.metrics.groups`).

    Returns:
        Differences in [-2, 2] over the dimensions of ``error`` but ``distribution``; 0 at cycle 0.

    Raises:
        ValueError: a dimension, a group or the parent is missing, or an error is not a fraction.
    """
    check_dimensions(("cycle",), error=error)
    train, test = both_groups(error)
    check_parent("error", error)
    check_fractions("error", error.where(error.notnull().any("distribution") | (error.cycle == 0), 0.0))

    def mean_over(names: list[str]) -> xr.DataArray:
        return error.sel(distribution=names).mean("distribution", skipna=False)

    excess = mean_over(test) - mean_over(train)
    return (excess - excess.sel(cycle=0, drop=True)).rename("excess_error_difference")


def overparameterization(potential: xr.DataArray) -> xr.Dataset:
    """Average and minimum prune potential over the train and the test distributions (Tables 2, 9, 10, 12 and 13).

    Args:
        potential: fractions in [0, 1] over ``distribution``, with the coordinate ``group``, and any others.

    Returns:
        ``average`` and ``minimum`` over ``group`` (``"train"``, ``"test"``) and the other dimensions.

    Raises:
        ValueError: a group is missing, or a potential is NaN or not a fraction.
    """
    check_fractions("potential", potential)
    parts = [potential.sel(distribution=names) for names in both_groups(potential)]
    group = xr.Variable("group", ["train", "test"])
    return xr.Dataset(
        {
            "average": xr.concat([one.mean("distribution") for one in parts], group),
            "minimum": xr.concat([one.min("distribution") for one in parts], group),
        }
    )
