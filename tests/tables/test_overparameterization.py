"""Tables 9 and 10: ours above the paper's, average and minimum of each group of distributions."""

from __future__ import annotations

import pytest

from fixtures.synthetic import results_of
from lostprune import metrics, tables


def table(network: str = "resnet20", **shape) -> tables.Table:
    curves, shift, *_ = results_of(**{"corruptions": ("fog", "snow", "frost")} | shape).values()
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    return tables.overparameterization(potential, shift.assign_attrs(network=network), "tab")


def test_average_and_minimum_stand_above_the_papers():
    curves, shift, *_ = results_of(corruptions=("fog", "snow", "frost")).values()
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    worst = 100 * potential.sel(pruner="FT", distribution=["fog", "snow", "frost"]).min("distribution")
    frame = table().frame
    assert frame.loc["FT, here", "minimum, test"] == f"{float(worst.mean()):.1f} ± {float(worst.std()):.1f}"
    assert frame.loc["WT, Table 9"].tolist() == ["84.9 ± 0.0", "66.7 ± 3.3", "84.9 ± 0.0", "0.0 ± 0.0"]
    assert frame.loc["PFP, Table 10"].tolist() == ["66.5 ± 3.0", "53.9 ± 4.4", "66.5 ± 3.0", "0.0 ± 0.0"]


def test_a_network_that_the_paper_lacks_has_our_rows_only():
    made = table(network="my_net", repetitions=1)
    assert made.frame.index.tolist() == ["WT, here", "SiPP, here", "FT, here", "PFP, here"]
    assert not made.frame.map(lambda cell: "±" in cell).any(axis=None)
    assert (
        "Tables 9 and 10" not in made.caption and "over 1 train distribution and 3 test distributions" in made.caption
    )


def test_robust_training_is_set_beside_tables_12_and_13():
    made = table(training="robust", corruptions=("fog", "snow", "contrast"))
    assert made.frame.loc["WT, Table 12"].tolist() == ["87.5 ± 1.9", "84.7 ± 0.9", "83.5 ± 3.6", "72.6 ± 4.9"]
    assert made.frame.loc["PFP, Table 13"].tolist() == ["55.2 ± 6.2", "47.7 ± 6.4", "39.0 ± 16.1", "13.3 ± 9.4"]
    assert "over 3 train distributions and 1 test distribution" in made.caption


def test_training_that_the_paper_does_not_know_has_our_rows_only():
    frame = table(training="robust-without-noise", corruptions=("fog", "snow")).frame
    assert frame.index.tolist() == ["WT, here", "SiPP, here", "FT, here", "PFP, here"]


def test_results_without_a_test_distribution_are_refused():
    curves, shift, *_ = results_of(corruptions=("snow",), training="robust").values()
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    with pytest.raises(ValueError, match="for test, expected at least one distribution in each"):
        tables.overparameterization(potential, shift, "tab")
