"""Plain hue, saturation and value: one pixel at a time, in float64, operations in the order of scikit-image's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def change_hsv(x: np.ndarray, change: Callable[[float, float], tuple[float, float]]) -> np.ndarray:
    """x float64 [3, h, w] with other saturation and value, truncated to levels: no rounding error is forgiven."""
    changed = np.empty(x.shape)
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            hue, saturation, value = to_hsv(*x[:, row, column].tolist())
            changed[:, row, column] = from_hsv(hue, *change(saturation, value))
    return np.floor(changed * 255) / 255


def to_hsv(red: float, green: float, blue: float) -> tuple[float, float, float]:
    value = max(red, green, blue)
    spread = value - min(red, green, blue)
    if spread == 0:
        return 0.0, 0.0, value
    if blue == value:
        hue = 4 + (red - green) / spread
    elif green == value:
        hue = 2 + (blue - red) / spread
    else:
        hue = (green - blue) / spread
    return hue / 6 % 1, spread / value, value


def from_hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    sector = math.floor(hue * 6)
    rest = hue * 6 - sector
    p = value * (1 - saturation)
    q = value * (1 - rest * saturation)
    t = value * (1 - (1 - rest) * saturation)
    return [(value, t, p), (q, value, p), (p, value, t), (p, q, value), (t, p, value), (value, p, q)][sector % 6]
