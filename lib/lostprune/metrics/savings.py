"""What is really saved: the share of a network that is gone once its pruned channels are removed."""

from __future__ import annotations

import xarray as xr


def with_what_is_gone(curves: xr.Dataset) -> xr.Dataset:
    """``curves`` with ``parameters_gone`` and ``multiply_adds_gone``, beside ``prune_ratio`` and ``flop_reduction``.

    Args:
        curves: part ``curves`` of a study; ``shrunk_parameters`` and ``shrunk_multiply_adds`` are counts over cycle
            (0 is the unpruned parent) and any other dimensions.

    Returns:
        The new variables are fractions in [0, 1] of what the parent, shrunk too, has; NaN where a count is.

    Raises:
        ValueError: the counts are missing.
    """
    counts = {"parameters_gone": "shrunk_parameters", "multiply_adds_gone": "shrunk_multiply_adds"}
    if missing := [name for name in counts.values() if name not in curves]:
        raise ValueError(
            f"curves: {', '.join(missing)} missing; a version that did not count shrunk networks wrote it; "
            "remove their file curves.nc and run the study again, which tests the trained networks again"
        )
    return curves.assign(
        {gone: 1 - curves[shrunk] / curves[shrunk].sel(cycle=0, drop=True) for gone, shrunk in counts.items()}
    )
