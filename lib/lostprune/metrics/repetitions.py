"""Means and standard deviations over repetitions."""

from __future__ import annotations

import numpy as np
import xarray as xr


def over_repetitions(values: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (ddof 0, as in the paper) over ``repetition`` in percent; NaN where no value is."""
    stacked = values.transpose("repetition", ...).values * 100
    known = np.isfinite(stacked)
    count = known.sum(0)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, stacked, 0).sum(0) / count
        deviation = np.sqrt((np.where(known, stacked - mean, 0) ** 2).sum(0) / count)
    return mean, deviation
