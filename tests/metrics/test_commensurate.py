"""Pruning at commensurate accuracy: worked by hand, by its laws, and against the rule of Table 4 in plain words."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fixtures.synthetic import results_of
from lostprune import metrics

few = settings(max_examples=40)  # each takes some milliseconds: labelled arrays

errors_of = st.integers(2, 6).flatmap(
    lambda cycles: arrays(float, (3, cycles), elements=st.integers(0, 50).map(lambda count: count / 50))
)


def curves_of(errors, ratios=None) -> xr.Dataset:
    """Curves over (repetition, cycle) with the errors; ratios grow evenly, and a FLOP reduction is half the ratio."""
    errors = np.asarray(errors, dtype=float)
    ratios = np.broadcast_to(np.arange(errors.shape[1]) / 10 if ratios is None else ratios, errors.shape)
    values = {"test_error": errors, "prune_ratio": ratios, "flop_reduction": ratios / 2}
    coordinates = {"repetition": np.arange(len(errors)), "cycle": np.arange(errors.shape[1])}
    return xr.Dataset({name: (("repetition", "cycle"), value) for name, value in values.items()}, coordinates)


def plainly(errors: np.ndarray, delta: float) -> int:
    """The cycle that Table 4 shows, as one would say it."""
    difference = [errors[:, cycle].mean() - errors[:, 0].mean() for cycle in range(errors.shape[1])]
    commensurate = [cycle for cycle in range(1, len(difference)) if difference[cycle] <= delta + 1e-9]
    if commensurate:
        return max(commensurate)
    closest = min(difference[1:])
    return max(cycle for cycle in range(1, len(difference)) if difference[cycle] <= closest + 1e-9)


def test_the_largest_ratio_within_the_margin_counts_whatever_came_before():
    found = metrics.commensurate(curves_of([[0.100, 0.100, 0.150, 0.104, 0.106]]))
    assert found.cycle.item() == 3 and found.within.item()
    assert found.prune_ratio.item() == pytest.approx(0.3)
    assert found.flop_reduction.item() == pytest.approx(0.15)
    assert found.error_difference.item() == pytest.approx(0.004)


def test_errors_are_averaged_before_a_ratio_is_chosen():
    errors = [[0.10, 0.090, 0.13], [0.20, 0.220, 0.17]]
    found = metrics.commensurate(curves_of(errors))  # means 0.15, 0.155, 0.15: each repetition alone says otherwise
    assert found.cycle.item() == 2
    assert found.error_difference.item() == pytest.approx(0.0)


def test_the_closest_result_stands_where_none_is_within_the_margin():
    found = metrics.commensurate(curves_of([[0.1, 0.14, 0.12, 0.2]]))
    assert found.cycle.item() == 2 and not found.within.item()
    assert found.error_difference.item() == pytest.approx(0.02)


def test_of_two_equally_close_the_smaller_network_is_shown():
    assert metrics.commensurate(curves_of([[0.1, 0.12, 0.2, 0.12]])).cycle.item() == 3


def test_an_error_of_exactly_delta_more_is_within_the_margin():
    assert metrics.commensurate(curves_of([[300 / 1000, 305 / 1000]])).within.item()


def test_a_better_network_is_commensurate():
    found = metrics.commensurate(curves_of([[0.1, 0.08]]))
    assert found.within.item() and found.error_difference.item() == pytest.approx(-0.02)


def test_a_cycle_that_one_repetition_did_not_reach_does_not_count():
    curves = curves_of([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]])
    curves = curves.where((curves.repetition == 0) | (curves.cycle < 2))
    assert metrics.commensurate(curves).cycle.item() == 1
    nothing = metrics.commensurate(curves.where((curves.repetition == 0) | (curves.cycle < 1)))
    assert np.isnan(nothing.prune_ratio.item()) and not nothing.within.item()


def test_every_method_has_its_own_cycle_and_all_costs_are_of_it():
    curves = results_of()["curves"]
    curves["shrunk_parameters"] = 1 - curves.prune_ratio**2
    found = metrics.commensurate(curves, 0.02)
    assert found.prune_ratio.dims == ("pruner",) and len(set(found.cycle.values.tolist())) > 1
    for method in found.pruner.values:
        own = curves.sel(pruner=method, cycle=int(found.cycle.sel(pruner=method))).mean("repetition")
        for name in ("prune_ratio", "flop_reduction", "test_error", "shrunk_parameters"):
            assert found[name].sel(pruner=method).item() == pytest.approx(own[name].item())
    assert found.attrs["scale"] == "quick"


@few
@given(errors_of, st.integers(0, 50).map(lambda count: count / 50))
def test_it_is_the_rule_of_table_4(errors: np.ndarray, delta: float):
    found = metrics.commensurate(curves_of(errors), delta)
    assert found.cycle.item() == plainly(errors, delta)


@few
@given(errors_of, st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_never_prunes_less(errors: np.ndarray, one: float, other: float):
    low, high = (metrics.commensurate(curves_of(errors), delta) for delta in sorted((one, other)))
    assert low.prune_ratio.item() <= high.prune_ratio.item()
    assert low.within.item() <= high.within.item()


@few
@given(errors_of, st.permutations(range(3)))
def test_the_order_of_repetitions_does_not_matter(errors: np.ndarray, order: list[int]):
    found, shuffled = (metrics.commensurate(curves_of(rows)) for rows in (errors, errors[order]))
    assert found.cycle.item() == shuffled.cycle.item()


@few
@given(errors_of)
def test_of_one_repetition_it_is_the_prune_potential_or_the_closest(errors: np.ndarray):
    curves = curves_of(errors[:1])
    parent = curves.test_error.sel(cycle=0, drop=True)
    potential = metrics.prune_potential(curves.test_error, parent, curves.prune_ratio).item()
    found = metrics.commensurate(curves)
    assert found.within.item() == (potential > 0)
    assert found.prune_ratio.item() == potential or not potential


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda curves: curves.isel(repetition=0), "test_error: got dimensions .*expected 'repetition'"),
        (lambda curves: curves.sel(cycle=[1, 2]), r"test_error: got cycles \[1, 2\], expected 0, the unpruned parent"),
        (lambda curves: curves.sel(cycle=[0]), "got the unpruned parent only, expected a pruned cycle"),
        (lambda curves: curves.assign(test_error=curves.test_error * 100), "test_error: .* outside \\[0, 1\\]"),
        (lambda curves: curves.assign(test_error=curves.test_error.where(curves.cycle < 2)), "test_error: 1 of 3"),
        (lambda curves: curves.assign(prune_ratio=curves.prune_ratio + 1), "prune_ratio: .* outside"),
    ],
    ids=["no repetition", "no parent", "parent only", "percent", "NaN", "ratio"],
)
def test_wrong_curves_are_refused(spoil, message: str):
    with pytest.raises(ValueError, match=message):
        metrics.commensurate(spoil(curves_of([[0.1, 0.11, 0.12]])))


@pytest.mark.parametrize("delta", [-0.1, 5, float("nan")])
def test_a_margin_that_is_no_fraction_is_refused(delta: float):
    with pytest.raises(ValueError, match="delta: got .* expected a fraction"):
        metrics.commensurate(curves_of([[0.1, 0.11]]), delta)
