"""The line through the origin of Figures 6c and 6f."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune.metrics.regression import RESAMPLES, slope_through_origin
from reference import regression as reference


def points(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.uniform(0.1, 1, n)
    return x, 0.3 * x + random.normal(0, 0.05, n)


@given(st.integers(1, 30), st.integers(0, 1000))
def test_the_slope_is_that_of_least_squares(n: int, seed: int):
    x, y = points(n, seed)
    assert slope_through_origin(x, y).value == pytest.approx(reference.slope(x, y))


def test_the_interval_is_that_of_a_bootstrap():
    x, y = points(12)
    fitted = slope_through_origin(x, y, seed=0)
    low, high = reference.interval(x, y, resamples=2000, seed=1)
    assert RESAMPLES >= 2000
    assert (fitted.low, fitted.high) == pytest.approx((low, high), abs=0.005)
    assert fitted.low < fitted.value < fitted.high and fitted.points == 12


def test_the_same_seed_gives_the_same_interval():
    x, y = points(12)
    assert slope_through_origin(x, y, seed=3) == slope_through_origin(x, y, seed=3)
    assert slope_through_origin(x, y, seed=3) != slope_through_origin(x, y, seed=4)


def test_gaps_are_left_out():
    x, y = points(5)
    with_gaps = slope_through_origin(np.append(x, [np.nan, 0.5]), np.append(y, [0.1, np.nan]))
    assert with_gaps == slope_through_origin(x, y)


def test_too_little_to_fit():
    one = slope_through_origin(np.array([0.5]), np.array([0.1]))
    assert one.value == pytest.approx(0.2) and np.isnan([one.low, one.high]).all()
    assert np.isnan(slope_through_origin(np.zeros(3), np.ones(3)).value)
    assert np.isnan(slope_through_origin(np.array([]), np.array([])).value)
