"""Appendix B in sentences: they say what the numbers show, and nothing else."""

from __future__ import annotations

import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import findings


def curves_of(errors: dict[str, list[float]], methods: tuple[str, ...] = ("WT", "FT")) -> xr.Dataset:
    """One repetition; prune ratios 0, 50 and 90 %, the parent errs on 10 % of the images."""
    curves = results_of(methods=methods, repetitions=1, cycles=2)["curves"]
    curves["prune_ratio"][:] = [0.0, 0.5, 0.9]
    for method in methods:
        curves["test_error"].loc[{"pruner": method}] = [[0.1, *errors[method]]]
    return curves


@pytest.mark.parametrize(
    "weights, filters, said",
    [
        (
            [0.1, 0.1],
            [0.1, 0.2],
            "removes 90.0% (WT) of the parameters at commensurate accuracy, pruning filters 50.0% (FT",
        ),
        ([0.1, 0.1], [0.1, 0.2], "and it is here, too."),
        (
            [0.1, 0.1],
            [0.2, 0.2],
            "filters nothing (FT). In the paper's Tables 4, 6 and 8 the former is more for every network, and",
        ),
        ([0.1, 0.2], [0.1, 0.2], "does not hold for every pair of methods here."),
        ([0.2, 0.2], [0.1, 0.2], "does not hold for every pair of methods here."),
        ([0.2, 0.2], [0.2, 0.2], "these numbers cannot tell."),
    ],
)
def test_weights_are_compared_with_filters(weights: list[float], filters: list[float], said: str):
    assert said in findings.weights_against_filters(curves_of({"WT": weights, "FT": filters}), 0.005)


def test_every_pair_must_agree():
    errors = {"WT": [0.1, 0.1], "SiPP": [0.1, 0.2], "FT": [0.1, 0.2]}
    text = findings.weights_against_filters(curves_of(errors, ("WT", "SiPP", "FT")), 0.005)
    assert "90.0% (WT) and 50.0% (SiPP)" in text and "does not hold" in text


def test_one_kind_of_method_is_compared_with_nothing():
    assert findings.weights_against_filters(curves_of({"WT": [0.1, 0.1]}, ("WT",)), 0.005) == ""


def test_the_best_pruned_network_of_each_method_is_named():
    text = findings.better_than_the_parent(curves_of({"WT": [0.08, 0.0875], "FT": [0.1, 0.2]}))
    assert text.endswith("Here the error falls by 2.00% with WT at a prune ratio of 50.0%.")
    assert "No method" in findings.better_than_the_parent(curves_of({"WT": [0.1, 0.11], "FT": [0.1, 0.2]}))


def test_cycles_that_were_not_reached_are_passed_over():
    curves = results_of(unreached=8)["curves"]  # none of PFP's
    assert "PFP" not in findings.better_than_the_parent(curves)
    assert "no pruned network of PFP" in findings.weights_against_filters(curves, 0.005)
