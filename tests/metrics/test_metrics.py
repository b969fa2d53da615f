"""Prune potential, excess error and overparameterization: worked by hand, by their laws, and against the definition."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lostprune import metrics
from reference import metrics as plain

few = settings(max_examples=40)  # each takes some milliseconds: labelled arrays

fractions = st.integers(0, 200).map(lambda count: count / 200)
curves = st.integers(1, 6).flatmap(
    lambda cycles: st.tuples(
        arrays(float, (2, 3, cycles), elements=fractions), arrays(float, (2, 3, cycles), elements=fractions)
    )
)


def curve(errors, ratios):
    """Error and prune ratio over (pruner, repetition, cycle) of arrays of that shape."""
    dims = ("pruner", "repetition", "cycle")
    coordinates = {"pruner": ["WT", "FT"][: len(errors)], "cycle": np.arange(np.shape(errors)[-1])}
    return (xr.DataArray(values, coordinates, dims) for values in (np.asarray(errors), np.asarray(ratios)))


def potential(errors, ratios, delta=0.005):
    error, ratio = curve(errors, ratios)
    return metrics.prune_potential(error, prune_ratio=ratio, delta=delta)


def test_the_last_point_within_the_margin_counts_whatever_came_before():
    found = potential([[[0.10, 0.10, 0.12, 0.104, 0.30]]], [[[0, 0.2, 0.4, 0.6, 0.8]]])
    assert found.item() == 0.6


def test_an_error_of_exactly_delta_more_is_within_the_margin():
    # 0.3 + 0.005 and 305 / 1000 are two floating-point numbers
    assert potential([[[300 / 1000, 305 / 1000]]], [[[0, 0.5]]]).item() == 0.5
    assert potential([[[0.3, 0.3051]]], [[[0, 0.5]]]).item() == 0


def test_mean_and_spread_over_repetitions_are_the_papers():
    found = potential([[[0.1, 0.1, 0.2], [0.1, 0.1, 0.1]]], [[[0, 0.4, 0.8], [0, 0.4, 0.8]]])
    assert found.mean("repetition").item() == pytest.approx(0.6)
    assert found.std("repetition").item() == pytest.approx(0.2)  # ddof 0


@few
@given(curves, st.floats(0, 1))
def test_prune_potential_is_definition_1(pair, delta):
    errors, ratios = pair
    found = potential(errors, ratios, delta).values
    for index in np.ndindex(found.shape):
        own = list(errors[index])
        assert found[index] == plain.prune_potential(own, own[0], list(ratios[index]), delta)


@few
@given(curves, st.floats(0, 1), st.floats(0, 1))
def test_prune_potential_grows_with_delta(pair, one, other):
    low, high = sorted((one, other))
    assert (potential(*pair, delta=low) <= potential(*pair, delta=high)).all()


@few
@given(curves, st.permutations(range(3)))
def test_the_order_of_repetitions_does_not_matter(pair, order):
    errors, ratios = pair
    whole, shuffled = potential(errors, ratios), potential(errors[:, order], ratios[:, order])
    assert (whole.isel(repetition=list(order)).values == shuffled.values).all()


@few
@given(curves)
def test_a_network_equal_to_its_parent_has_the_full_range(pair):
    errors, ratios = pair
    assert (potential(np.broadcast_to(errors[..., :1], errors.shape), ratios) == ratios.max(-1)).all()


def test_a_cycle_that_was_not_reached_is_passed_over():
    assert potential([[[0.1, 0.1, np.nan]]], [[[0, 0.4, np.nan]]]).item() == 0.4


def shifted(values, *trained):
    """Error over (cycle, distribution) of the rows parent, pruned."""
    names = ["cifar10", "fog", "frost"]
    error = xr.DataArray(values, {"cycle": [0, 1], "distribution": names}, ("cycle", "distribution"))
    return grouped(error, "cifar10", *trained)


def grouped(values, *trained):
    groups = ["train" if name in trained else "test" for name in values.distribution.values]
    return values.assign_coords(group=("distribution", groups))


def test_excess_error_difference_by_hand():
    found = metrics.excess_error_difference(shifted([[0.10, 0.20, 0.30], [0.12, 0.30, 0.34]]))
    assert found.values == pytest.approx([0, (0.32 - 0.12) - (0.25 - 0.10)])


@few
@given(arrays(float, (2, 3), elements=fractions))
def test_excess_error_difference_is_definition_2(values):
    found = metrics.excess_error_difference(shifted(values, "fog"))
    expected = plain.excess_error_difference(values[1, :2], values[1, 2:], values[0, :2], values[0, 2:])
    assert found.sel(cycle=1).item() == pytest.approx(expected, abs=1e-12)


def test_overparameterization_is_average_and_minimum_of_each_group():
    names = {"distribution": ["cifar10", "fog", "frost"]}
    found = metrics.overparameterization(grouped(xr.DataArray([0.9, 0.6, 0.2], names, "distribution"), "cifar10"))
    assert found.average.values == pytest.approx([0.9, 0.4])
    assert found.minimum.values == pytest.approx([0.9, 0.2])


@pytest.mark.parametrize("delta", [-0.1, 1.5, float("nan")])
def test_a_margin_that_is_no_fraction_is_refused(delta):
    with pytest.raises(ValueError, match="delta: got"):
        potential([[[0.1, 0.2]]], [[[0, 0.5]]], delta)


def test_nan_and_percent_are_refused():
    with pytest.raises(ValueError, match="1 of 2 values are NaN"):
        potential([[[0.1, np.nan]]], [[[0, 0.5]]])
    with pytest.raises(ValueError, match="fractions are expected"):
        potential([[[10, 20]]], [[[0, 0.5]]])
    with pytest.raises(ValueError, match="NaN"):
        metrics.excess_error_difference(shifted([[0.1, 0.2, 0.3], [0.1, np.nan, 0.3]]))


def test_a_distribution_that_one_array_lacks_is_named():
    error = shifted([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    parent, ratio = error.sel(cycle=0, drop=True), xr.DataArray([0, 0.5], {"cycle": [0, 1]}, ("cycle",))
    with pytest.raises(ValueError, match="distribution: fog, frost is missing from parent_error"):
        metrics.prune_potential(error, parent.sel(distribution=["cifar10"]), ratio)
    with pytest.raises(ValueError, match="cycle: 1 is missing from prune_ratio"):
        metrics.prune_potential(error, parent, ratio.sel(cycle=[0]))
    with pytest.raises(ValueError, match="cycle: 1 is missing from error"):
        metrics.prune_potential(error.sel(cycle=[0]), parent, ratio)


def test_the_same_labels_in_another_order_are_matched():
    error = shifted([[0.1, 0.2, 0.3], [0.1, 0.9, 0.3]])
    ratio = xr.DataArray([0, 0.5], {"cycle": [0, 1]}, ("cycle",))
    found = metrics.prune_potential(error, error.sel(cycle=0, drop=True).isel(distribution=[2, 0, 1]), ratio)
    assert found.sel(distribution=["cifar10", "fog", "frost"]).values.tolist() == [0.5, 0, 0.5]


def test_prune_ratios_in_another_order_are_matched():
    error, ratio = curve([[[0.1, 0.1]], [[0.1, 0.2]]], [[[0.0, 0.9]], [[0.0, 0.5]]])
    found = metrics.prune_potential(error, prune_ratio=ratio.isel(pruner=[1, 0]), delta=0.005)
    assert found.sel(pruner="WT").item() == 0.9 and found.sel(pruner="FT").item() == 0


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda error: error.drop_vars("group"), "expected 'distribution' and, along it, 'group'"),
        (lambda error: error.assign_coords(group="train"), "expected 'distribution' and, along it, 'group'"),
        (lambda error: error.isel(distribution=0), "expected 'distribution' and, along it, 'group'"),
        (lambda error: error.isel(distribution=[0]), "expected at least one distribution in each"),
        (lambda error: error.isel(distribution=[1, 2]), "expected at least one distribution in each"),
        (
            lambda error: grouped(error).assign_coords(group=("distribution", list("abc"))),
            "group of 'cifar10': got 'a'",
        ),
    ],
)
def test_distributions_without_their_groups_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        metrics.excess_error_difference(change(shifted([[0.1] * 3] * 2)))


def test_results_without_the_parent_are_refused():
    with pytest.raises(ValueError, match=r"error: got cycles \[1\], expected 0, the unpruned parent"):
        metrics.excess_error_difference(shifted([[0.1] * 3] * 2).sel(cycle=[1]))


def test_a_potential_that_is_nan_is_refused():
    potential = grouped(xr.DataArray([0.9, np.nan], {"distribution": ["cifar10", "fog"]}, ("distribution",)), "cifar10")
    with pytest.raises(ValueError, match="potential: 1 of 2 values are NaN"):
        metrics.overparameterization(potential)


def test_a_missing_cycle_dimension_is_named():
    one = xr.DataArray([0.1], dims="distribution")
    with pytest.raises(ValueError, match="expected 'cycle'"):
        metrics.prune_potential(one, one, one)
