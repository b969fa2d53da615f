"""What test accuracy does not show: prune potential, excess error, overparameterization. Labelled arrays in and out."""

from __future__ import annotations

import xarray as xr

DELTA = 0.005  # the paper's margin: 0.5 % (Section 5.1)
# Errors are counts divided by the number of images: a difference of exactly delta must not fail by a rounding error.
ROUNDING = 1e-9


def prune_potential(
    error: xr.DataArray, parent_error: xr.DataArray, prune_ratio: xr.DataArray, delta: float = DELTA
) -> xr.DataArray:
    """The largest measured prune ratio whose error stays within ``delta`` of the parent's (Definition 1).

    Any point of the curve counts, whatever happens before or after it; nothing is interpolated.

    Args:
        error: fractions in [0, 1]; has the dimension ``cycle`` and any others (pruner, repetition, distribution, …).
        parent_error: the unpruned network's error on the same data: ``error`` without ``cycle``.
        prune_ratio: fractions in [0, 1]; has ``cycle`` and may lack others, such as the distribution. NaN marks a
            cycle that was not reached; it is passed over.
        delta: margin in [0, 1], absolute.

    Returns:
        Fractions in [0, 1] over the dimensions of ``error`` but ``cycle``; 0 where no cycle stays within the margin.

    Raises:
        ValueError: ``cycle`` is missing, ``delta`` is outside [0, 1], or an error that was measured is NaN or not
            a fraction.
    """
    if not 0 <= delta <= 1:
        raise ValueError(f"delta: got {delta!r}, expected a fraction in [0, 1], such as 0.005 for half a percent")
    _need_cycle(error=error, prune_ratio=prune_ratio)
    if "cycle" in parent_error.dims:
        raise ValueError("parent_error: got the dimension 'cycle', expected none; take .sel(cycle=0, drop=True)")
    reached = prune_ratio.notnull()
    _check_fractions("error", error.where(reached, 0.0))
    _check_fractions("parent_error", parent_error)
    within = (error <= parent_error + delta + ROUNDING) & reached
    potential = prune_ratio.where(within).max("cycle").fillna(0.0)
    return potential.rename("prune_potential").assign_attrs(delta=delta, long_name="prune potential")


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
        ValueError: a dimension or a distribution is missing, or an error is not a fraction.
    """
    _need_cycle(error=error)
    train, test = _groups(error, train, test)
    _check_fractions("error", error.where(error.notnull().any("distribution"), 0.0))

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
        ValueError: a distribution is missing.
    """
    train, test = _groups(potential, train, test)
    groups = [potential.sel(distribution=list(names)) for names in (train, test)]
    group = xr.Variable("group", ["train", "test"])
    return xr.Dataset(
        {
            "average": xr.concat([one.mean("distribution") for one in groups], group),
            "minimum": xr.concat([one.min("distribution") for one in groups], group),
        }
    )


def _need_cycle(**arrays: xr.DataArray) -> None:
    for name, array in arrays.items():
        if "cycle" not in array.dims:
            raise ValueError(f"{name}: got dimensions {array.dims}, expected 'cycle' among them")


def _check_fractions(name: str, array: xr.DataArray) -> None:
    bad = int((~((array >= 0) & (array <= 1))).sum())
    if bad:
        raise ValueError(f"{name}: {bad} of {array.size} values are NaN or outside [0, 1]; fractions are expected")


def _groups(
    array: xr.DataArray, train: tuple[str, ...], test: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "distribution" not in array.coords:
        raise ValueError(f"got dimensions {array.dims}, expected 'distribution' among them, with its coordinate")
    known = [str(name) for name in array["distribution"].values]
    test = tuple(name for name in known if name not in train) if test is None else test
    for name in (*train, *test):
        if name not in known:
            raise ValueError(f"distribution: got {name!r}, expected one of {', '.join(known)}")
    if not train or not test:
        raise ValueError(f"train and test: got {train} and {test}, expected at least one distribution in each")
    return tuple(train), tuple(test)
