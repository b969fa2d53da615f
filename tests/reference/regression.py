"""The line through the origin and its bootstrap, one resample at a time."""

from __future__ import annotations

import numpy as np


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Least squares without intercept."""
    return float(np.linalg.lstsq(x[:, None], y, rcond=None)[0][0])


def interval(x: np.ndarray, y: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """The middle 95 % of the slopes of resampled pairs."""
    random = np.random.default_rng(seed)
    slopes = []
    for _ in range(resamples):
        drawn = random.integers(len(x), size=len(x))
        slopes.append(slope(x[drawn], y[drawn]))
    low, high = np.percentile(slopes, [2.5, 97.5])
    return low, high
