"""Two summaries over distributions: the difference in excess error, and average and minimum prune potential."""

from __future__ import annotations

import xarray as xr

from .checks import check_dimensions, check_fractions, check_parent, groups


def excess_error_difference(
    error: xr.DataArray, train: tuple[str, ...], test: tuple[str, ...] | None = None
) -> xr.DataArray:
    """How much more a pruned network loses under a shift than its parent does: ê - e (Definition 2, Section 5.1).

    The excess error is the mean error over the ``test`` distributions minus that over the ``train`` distributions.

    Args:
        error: fractions in [0, 1] over ``cycle`` (0 is the parent), ``distribution`` and any others.
        train: distributions the network was trained on, such as ``("cifar10",)``.
        test: distributions it was not; ``None`` takes all others.

    Returns:
        Differences in [-2, 2] over the dimensions of ``error`` but ``distribution``; 0 at cycle 0.

    Raises:
        ValueError: a dimension, a distribution or the parent is missing, a distribution is in both groups, or an
            error is not a fraction.
    """
    check_dimensions(("cycle",), error=error)
    train, test = groups(error, train, test)
    check_parent("error", error)
    check_fractions("error", error.where(error.notnull().any("distribution") | (error.cycle == 0), 0.0))

    def mean_over(names: tuple[str, ...]) -> xr.DataArray:
        return error.sel(distribution=list(names)).mean("distribution", skipna=False)

    excess = mean_over(test) - mean_over(train)
    return (excess - excess.sel(cycle=0, drop=True)).rename("excess_error_difference")


def overparameterization(
    potential: xr.DataArray, train: tuple[str, ...], test: tuple[str, ...] | None = None
) -> xr.Dataset:
    """Average and minimum prune potential over the train and the test distributions (Tables 2, 9 and 10).

    Args:
        potential: fractions in [0, 1] over ``distribution`` and any others.
        train, test: as for :func:`excess_error_difference`.

    Returns:
        ``average`` and ``minimum`` over ``group`` (``"train"``, ``"test"``) and the other dimensions.

    Raises:
        ValueError: a distribution is missing or in both groups, or a potential is NaN or not a fraction.
    """
    train, test = groups(potential, train, test)
    check_fractions("potential", potential)
    parts = [potential.sel(distribution=list(names)) for names in (train, test)]
    group = xr.Variable("group", ["train", "test"])
    return xr.Dataset(
        {
            "average": xr.concat([one.mean("distribution") for one in parts], group),
            "minimum": xr.concat([one.min("distribution") for one in parts], group),
        }
    )
