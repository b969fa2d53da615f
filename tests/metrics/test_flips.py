"""Signed flips: counted by hand, and McNemar's exact test as SciPy has it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from lostprune import metrics

counts = st.integers(0, 400)


def outcomes(*networks: str) -> xr.DataArray:
    """Which images each network, the parent first, misclassifies: one letter per image, x for wrong."""
    wrong = np.array([[letter == "x" for letter in network] for network in networks])
    coordinates = {"cycle": np.arange(len(networks)), "image": np.arange(wrong.shape[1])}
    return xr.DataArray(wrong, coordinates)


def test_flips_are_counted_in_both_directions():
    found = metrics.flips(outcomes("..xx..", ".xx..x", "......"))
    assert found.lost.values.tolist() == [0, 2, 0]
    assert found.won.values.tolist() == [0, 1, 2]
    assert found.images.values.tolist() == [6, 6, 6]
    assert found.p.values.tolist() == pytest.approx([1.0, 1.0, 0.5])


def test_each_class_counts_its_own_images():
    wrong = outcomes("..xx..", ".xx..x")
    labels = xr.DataArray([0, 0, 0, 7, 7, 7], {"image": wrong.image})
    found = metrics.flips(wrong, labels).sel(cycle=1)
    assert found["class"].values.tolist() == [0, 7]
    assert found.lost.values.tolist() == [1, 1] and found.won.values.tolist() == [0, 1]
    assert found.images.values.tolist() == [3, 3]


@given(lost=counts, won=counts)
def test_mcnemar_is_the_exact_binomial_test_of_scipy(lost, won):
    expected = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert metrics.mcnemar_p(lost, won) == pytest.approx(expected)
    assert metrics.mcnemar_p(won, lost) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_what_is_lost_less_what_is_won_is_the_difference_in_errors(pairs):
    parent, pruned = zip(*pairs, strict=True)
    wrong = outcomes("".join("x" if one else "." for one in parent), "".join("x" if one else "." for one in pruned))
    found = metrics.flips(wrong).sel(cycle=1)
    assert int(found.lost - found.won) == sum(pruned) - sum(parent)


def test_other_images_and_outcomes_are_refused():
    wrong = outcomes("..x", ".x.")
    with pytest.raises(ValueError, match="expected one for each of the 3 images"):
        metrics.flips(wrong, xr.DataArray([0, 1], dims="image"))
    with pytest.raises(ValueError, match="expected bool"):
        metrics.flips(wrong.astype(float))
    with pytest.raises(ValueError, match="the unpruned parent"):
        metrics.flips(wrong.sel(cycle=[1]))
