"""The tables hold what they are given, beside what the paper says."""

from __future__ import annotations

import pytest
from IPython.core.formatters import DisplayFormatter

import lostprune
from fixtures.synthetic import results_of
from lostprune import metrics, tables


def potential_table(**shape) -> tables.Table:
    network = shape.pop("network", "resnet20")
    curves, shift, _ = results_of(**shape).values()
    shift = shift.assign_attrs(network=network)
    potential = metrics.prune_potential(shift.error, shift.error.sel(cycle=0, drop=True), curves.prune_ratio)
    return tables.prune_potential(potential, shift, "tab-potential")


def test_our_potentials_stand_beside_the_papers():
    curves, shift, _ = results_of().values()
    table = potential_table()
    potential = metrics.prune_potential(shift.error, shift.error.sel(cycle=0, drop=True), curves.prune_ratio)
    nominal = potential.sel(pruner="WT", distribution="cifar10") * 100
    shifted = potential.sel(pruner="WT").drop_sel(distribution="cifar10").mean("distribution") * 100
    row = table.frame.loc["WT"]
    assert row["nominal, here"] == f"{float(nominal.mean()):.1f} ± {float(nominal.std()):.1f}"
    assert row["shifted, here"] == f"{float(shifted.mean()):.1f} ± {float(shifted.std()):.1f}"
    assert row["difference, here"] == f"{float((shifted - nominal).mean()):+.1f}"
    assert row[["nominal, paper", "shifted, paper", "difference, paper"]].tolist() == [
        "84.9 ± 0.0", "66.7 ± 3.3", "-18.2",
    ]  # fmt: skip
    assert table.frame.loc["PFP", "shifted, paper"] == "53.9 ± 4.4"


def test_one_repetition_has_no_deviation():
    table = potential_table(repetitions=1)
    assert not table.frame[["nominal, here", "shifted, here"]].map(lambda cell: "±" in cell).any(axis=None)
    assert "1 repetition." in table.caption


def test_a_network_that_the_paper_lacks_gets_dashes():
    table = potential_table(network="my_net", methods=("FT",))
    assert table.frame.loc["FT"].tolist()[3:] == ["–"] * 3
    assert table.frame.index.tolist() == ["FT"]


def test_the_caption_says_the_scale_and_the_margin():
    caption = potential_table().caption
    assert "scale quick · CPU, 2 threads · 2026-11-22 · seed 0, 3 repetitions" in caption
    assert "δ = 0.5%" in caption and "19 corruptions" in caption


def test_the_methods_are_those_of_the_library():
    frame = tables.methods("tab-methods").frame
    assert tuple(frame.index) == lostprune.pruning.METHODS
    assert frame["looks at data"].tolist() == ["no", "yes", "no", "yes"]
    assert frame["scope"].tolist() == ["global", "global", "local", "local"]


def test_what_is_run_stands_beside_the_whole():
    frame = tables.what_is_run(lostprune.Study(scale="smoke", repetitions=4), "tab-run").frame
    assert frame.loc["training images"].tolist() == ["512", "45,000"]
    assert frame.loc["epochs of each retraining"].tolist() == ["1", "182"]
    assert frame.loc["prune-retrain cycles"].tolist() == ["2", "23"]
    assert frame.loc["corruptions"].tolist() == ["3", "19"]
    assert frame.loc["repetitions"].tolist() == ["4", "3"]
    assert frame.columns.tolist() == ["scale smoke", "paper"]


@pytest.mark.parametrize("make", [tables.methods, lambda name: potential_table()])
def test_a_table_is_one_myst_directive_without_broken_rows(make):
    shown, _ = DisplayFormatter().format(make("tab-potential"))
    text = shown["text/markdown"]
    first, name, *body, last = text.splitlines()
    assert first.startswith(":::{table} ") and last == ":::"
    assert name.startswith(":name: tab-")
    rows = [line for line in body if line]
    assert len({row.count("|") for row in rows}) == 1  # no formula breaks a row
