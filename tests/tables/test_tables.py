"""The tables hold what they are given, beside what the paper says."""

from __future__ import annotations

import pytest
import torch
import xarray as xr
from IPython.core.formatters import DisplayFormatter

import lostprune
from fixtures.synthetic import results_of
from lostprune import data, metrics, networks, tables


def potential_table(**shape) -> tables.Table:
    network = shape.pop("network", "resnet20")
    curves, shift, *_ = results_of(**shape).values()
    shift = shift.assign_attrs(network=network)
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    return tables.prune_potential(potential, shift, "tab-potential")


def test_our_potentials_stand_beside_the_papers():
    curves, shift, *_ = results_of().values()
    table = potential_table()
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    nominal = potential.sel(pruner="WT", distribution="cifar10") * 100
    shifted = potential.sel(pruner="WT").drop_sel(distribution="cifar10").mean("distribution") * 100
    row = table.frame.loc["WT"]
    assert row["train, here"] == f"{float(nominal.mean()):.1f} ± {float(nominal.std()):.1f}"
    assert row["test, here"] == f"{float(shifted.mean()):.1f} ± {float(shifted.std()):.1f}"
    assert row["difference, here"] == f"{float((shifted - nominal).mean()):+.1f}"
    assert row[["train, paper", "test, paper", "difference, paper"]].tolist() == [
        "84.9 ± 0.0", "66.7 ± 3.3", "-18.2",
    ]  # fmt: skip
    assert table.frame.loc["PFP", "test, paper"] == "53.9 ± 4.4"


def test_robust_training_is_set_beside_tables_12_and_13():
    table = potential_table(training="robust")
    assert "on the 10 train distributions and on average over 10 test distributions" in table.caption
    assert table.frame.loc["WT", ["train, paper", "test, paper"]].tolist() == ["87.5 ± 1.9", "84.7 ± 0.9"]


def test_one_repetition_has_no_deviation():
    table = potential_table(repetitions=1)
    assert not table.frame[["train, here", "test, here"]].map(lambda cell: "±" in cell).any(axis=None)
    assert "1 repetition." in table.caption


def test_a_network_that_the_paper_lacks_gets_dashes():
    table = potential_table(network="my_net", methods=("FT",))
    assert table.frame.loc["FT"].tolist()[3:] == ["–"] * 3
    assert table.frame.index.tolist() == ["FT"]


def test_the_caption_says_the_scale_and_the_margin():
    caption = potential_table().caption
    assert "scale quick · CPU, 2 threads · 2026-11-22 · seed 0, 3 repetitions" in caption
    assert "δ = 0.5%" in caption and "Paper: Tables 9 and 10" in caption


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


def test_no_more_is_run_than_there_is():
    data.register("few", *[(torch.zeros(40, 3, 8, 8, dtype=torch.uint8), torch.arange(40) % 2)] * 2, mean=0, std=1)
    scale = lostprune.Scale("own", test_images=1000, corruptions=())
    frame = tables.what_is_run(lostprune.Study(dataset="few", scale=scale), "tab-run").frame
    assert frame.loc["test images"].iloc[0] == "40" and frame.loc["corruptions"].iloc[0] == "0"


def test_other_data_and_other_training_are_not_set_beside_the_papers():
    curves = results_of()["curves"]
    for change in ({"dataset": "cifar100"}, {"training": "robust"}):
        table = tables.prune_results(curves.assign_attrs(change), "tab-results")
        assert set(table.frame["PR, paper"]) == {"–"} and "in the paper)" not in table.caption


def result_curves(errors: dict[str, list[float]]) -> xr.Dataset:
    """Two repetitions of a parent that errs on 10 %, pruned to 50 and 90 % (FLOPs: to 40 and 80 %)."""
    curves = results_of(methods=tuple(errors), repetitions=2, cycles=2)["curves"]
    curves["prune_ratio"][:] = [0.0, 0.5, 0.9]
    curves["flop_reduction"][:] = [0.0, 0.4, 0.8]
    curves["test_error"][:] = [[[0.1, *own]] * 2 for own in errors.values()]
    return curves


def test_prune_results_are_worked_by_hand():
    table = tables.prune_results(result_curves({"WT": [0.09, 0.1025], "FT": [0.104, 0.2]}), "tab-results")
    assert table.frame.loc["WT"].tolist() == ["**+0.25**", "**90.00**", "80.00", "-0.02", "**84.92**", "81.04"]
    assert table.frame.loc["FT"].tolist() == ["**+0.40**", "50.00", "**40.00**", "**-0.33**", "52.06", "24.98"]
    assert table.frame.columns.tolist() == [
        "error, here",
        "PR, here",
        "FR, here",
        "error, paper",
        "PR, paper",
        "FR, paper",
    ]
    assert "(10.00% here, 8.60% in the paper)" in table.caption and "closest" not in table.caption
    assert "scale quick · CPU, 2 threads · 2026-11-22 · seed 0, 2 repetitions" in table.caption


def test_the_best_of_each_kind_is_bold_and_ties_are_both():
    errors = {"WT": [0.1, 0.104], "SiPP": [0.1, 0.102], "FT": [0.1, 0.2], "PFP": [0.1, 0.104]}
    frame = tables.prune_results(result_curves(errors), "tab-results").frame
    assert frame["error, here"].tolist() == ["+0.40", "**+0.20**", "**+0.00**", "+0.40"]
    assert frame["PR, here"].tolist() == ["**90.00**", "**90.00**", "50.00", "90.00"]
    assert frame["FR, here"].tolist() == ["80.00", "80.00", "40.00", "**80.00**"]


def test_the_closest_result_has_a_star_and_is_never_bold():
    table = tables.prune_results(result_curves({"WT": [0.15, 0.12], "SiPP": [0.104, 0.2]}), "tab-results")
    assert table.frame.loc["WT"].tolist()[:3] == [r"+2.00\*", "90.00", "80.00"]
    assert table.frame.loc["SiPP"].tolist()[:3] == ["**+0.40**", "**50.00**", "40.00"]
    assert r"\* No pruned network is within δ; the closest is shown." in table.caption


def test_a_wider_margin_changes_our_columns_only():
    narrow, wide = (tables.prune_results(result_curves({"FT": [0.104, 0.12]}), "tab", delta) for delta in (0.005, 0.02))
    assert [table.frame.loc["FT", "PR, here"] for table in (narrow, wide)] == ["50.00", "90.00"]
    assert narrow.frame.loc["FT", "PR, paper"] == wide.frame.loc["FT", "PR, paper"]
    assert "δ = 2%" in wide.caption


def test_a_method_that_was_not_pruned_in_every_repetition_gets_dashes():
    curves = results_of(unreached=8)["curves"]
    assert tables.prune_results(curves, "tab").frame.loc["PFP"].tolist()[:3] == ["–"] * 3


def test_the_recipe_stands_beside_the_printed_one():
    frame = tables.recipe(lostprune.Study(scale="smoke"), "tab-recipe").frame
    assert frame.columns.tolist() == ["paper, as printed", "here, scale paper", "here, scale smoke"]
    assert frame.loc["epochs"].tolist() == ["182", "182", "1"]
    assert frame.loc["learning rate decay"].tolist() == ["0.1@{91, 136}", "0.1@{91, 136}", "0.1@{0.5, 0.747}"]
    assert frame.loc["learning rate"].tolist() == ["0.1", "0.1", "0.05"]
    assert frame.loc["γ"].tolist() == ["1.0e-16"] * 3
    assert frame.loc["weight decay"].tolist() == ["1.0e-4"] * 3
    assert frame.loc["α"].tolist() == ["0.85", "0.32 to 0.91", "0.37 to 0.85"]


def test_all_recipes_stand_in_one_table_with_what_is_printed_in_brackets():
    frame = tables.recipes("tab-recipes").frame
    assert frame.columns.tolist() == ["ResNet20", "ResNet56, ResNet110", "VGG16", "DenseNet22", "WRN16-8"]
    assert frame.loc["warm-up (epochs)"].tolist() == ["5", "5", "10 (5)", "10 (5)", "5"]
    assert frame.loc["epochs"].tolist() == ["182", "182", "300; retraining: 150 (300)", "300", "200"]
    assert frame.loc["learning rate decay"].tolist()[2:] == [
        "0.5@{30, …}", "0.1@{150, 225}", "0.2@{60, 120, 160} (0.2@{60, …})",
    ]  # fmt: skip
    assert frame.loc["batch size"].tolist() == ["128", "128", "256", "64", "128"]


def test_every_difference_in_the_recipes_is_named_as_a_disagreement():
    frame = tables.recipes("tab-recipes").frame
    named = tables.disagreements("tab-disagreements").frame.index.tolist()
    named = [row.replace("epochs of each retraining", "epochs") for row in named]
    for setting, row in frame.iterrows():
        for networks_of_column, cell in row.items():
            if "(" in cell:
                for network in networks_of_column.split(", "):
                    assert any(one.startswith(f"{setting}: ") and network in one for one in named), (setting, network)


def test_disagreements_say_who_is_followed_and_why():
    frame = tables.disagreements("tab-disagreements", "wrn16_8").frame
    assert frame.index.tolist() == ["learning rate decay", "α", "pruning steps in a cycle"]
    assert frame.loc["learning rate decay", "original code"] == "0.2@{60, 120, 160}"
    assert frame["here"].str.startswith("as in the code. ").all()
    assert "about WRN16-8" in tables.disagreements("tab-disagreements", "wrn16_8").caption


def test_disagreements_about_robust_training_stand_alone():
    table = tables.disagreements("tab-disagreements", "densenet22", "robust")
    assert table.frame.index.tolist() == [
        "corruptions in training",
        "severity in training",
        "constants of the corruptions in training",
        "α",
    ]
    assert "about DenseNet22 in robust training" in table.caption


def test_a_reason_that_several_disagreements_share_is_given_once():
    here = tables.disagreements("tab-disagreements").frame["here"]
    assert here.str.contains("ResNet20's 84.9%").sum() == 1
    assert (here == "as in the code, for the same reason.").sum() == 4


def test_there_is_no_disagreement_about_a_network_of_ones_own():
    assert tables.disagreements("tab-disagreements", "mynet") is None


def test_a_recipe_of_a_network_of_ones_own_has_no_printed_one():
    networks.register("mynet")(networks.registry.registered("resnet20").builder)
    frame = tables.recipe(lostprune.Study(network="mynet", scale="paper"), "tab-recipe").frame
    assert set(frame["paper, as printed"]) == {"–"} and frame.columns.tolist()[1:] == ["here, scale paper"]


@pytest.mark.parametrize(
    "make",
    [
        tables.methods,
        lambda name: potential_table(),
        lambda name: tables.prune_results(results_of()["curves"], "tab-results"),
        lambda name: tables.recipe(lostprune.Study(), "tab-recipe"),
        tables.recipes,
        tables.disagreements,
    ],
    ids=["methods", "potential", "prune results", "recipe", "recipes", "disagreements"],
)
def test_a_table_is_one_myst_directive_without_broken_rows(make):
    shown, _ = DisplayFormatter().format(make("tab-potential"))
    text = shown["text/markdown"]
    first, name, *body, last = text.splitlines()
    assert first.startswith(":::{table} ") and last == ":::"
    assert name.startswith(":name: tab-")
    rows = [line for line in body if line]
    assert len({row.count("|") for row in rows}) == 1  # no formula breaks a row
