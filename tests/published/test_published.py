"""The paper's tables agree with each other, and with what stands printed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from lostprune import corruptions, metrics, published


def percent(values: xr.DataArray, **place) -> float:
    return pytest.approx(float(values.sel(place)) * 100)


def test_samples_of_tables_9_and_10():
    tables = published.overparameterization()
    assert percent(tables.average, network="resnet20", pruner="SiPP", group="test", statistic="std") == 4.3
    assert percent(tables.average, network="densenet22", pruner="FT", group="test", statistic="mean") == 58.2
    assert percent(tables.minimum, network="wrn16_8", pruner="PFP", group="test", statistic="mean") == 66.7
    assert percent(tables.minimum, network="resnet56", pruner="WT", group="test", statistic="std") == 6.5
    assert percent(tables.average, network="deeplabv3_resnet50", pruner="WT", group="train", statistic="mean") == 58.9
    assert tables.sizes == {"network": 9, "pruner": 4, "group": 2, "statistic": 2}
    assert int(tables.average.isnull().sum()) == int(tables.minimum.isnull().sum()) == 0
    assert "Tables 9 and 10" in tables.attrs["source"]


def test_table_2_is_an_extract_of_tables_9_and_10():
    extract = published.table_2().potential
    whole = published.overparameterization().average.sel(network=extract.network, pruner=extract.pruner)
    printed = extract.notnull()
    np.testing.assert_allclose(extract.where(printed), whole.where(printed))
    assert not printed.sel(network="resnet18", statistic="std").any()
    assert printed.drop_sel(network="resnet18").all()


def test_the_differences_of_table_2_follow_from_its_means():
    table = published.table_2()
    mean = table.potential.sel(statistic="mean")
    np.testing.assert_allclose(mean.sel(group="test") - mean.sel(group="train"), table.difference, atol=1e-9)


def test_on_nominal_data_alone_average_and_minimum_coincide():
    tables = published.overparameterization().sel(group="train")
    xr.testing.assert_equal(tables.average, tables.minimum.rename("average"))


def test_the_minimum_over_the_corruptions_never_exceeds_the_average():
    tables = published.overparameterization().sel(group="test", statistic="mean")
    assert (tables.minimum <= tables.average).all()
    assert ((tables.average >= 0) & (tables.average <= 1)).all()


def test_samples_of_tables_12_and_13():
    tables = published.overparameterization("robust")
    assert percent(tables.average, network="vgg16", pruner="SiPP", group="train", statistic="mean") == 96.5
    assert percent(tables.minimum, network="wrn16_8", pruner="SiPP", group="test", statistic="std") == 3.8
    assert percent(tables.minimum, network="resnet20", pruner="FT", group="train", statistic="std") == 15.0
    assert percent(tables.average, network="densenet22", pruner="PFP", group="test", statistic="mean") == 33.1
    assert tables.sizes == {"network": 6, "pruner": 4, "group": 2, "statistic": 2}
    assert int(tables.average.isnull().sum()) == int(tables.minimum.isnull().sum()) == 0
    assert "Tables 12 and 13" in tables.attrs["source"]


def test_the_text_on_robust_training_holds_for_its_tables():
    tables = published.overparameterization("robust").sel(statistic="mean")
    assert ((tables.average >= 0) & (tables.average <= 1)).all()
    above = tables.minimum > tables.average
    assert not above.any()
    # "for most networks even the minimum prune potential on the test distribution is nonzero"
    assert float((tables.minimum.sel(group="test") > 0).mean()) > 0.9


def test_an_unknown_training_is_refused():
    with pytest.raises(ValueError, match="training: got 'robst', expected one of nominal, robust; did you mean 'robu"):
        published.overparameterization("robst")


def test_samples_of_tables_4_6_and_8():
    tables = published.prune_results()
    assert percent(tables.error_difference, network="vgg16", pruner="WT") == -1.01
    assert percent(tables.prune_ratio, network="resnet20", pruner="PFP") == 44.9
    assert percent(tables.flop_reduction, network="resnet110", pruner="FT") == 72.07
    assert percent(tables.error_difference, network="resnet101", pruner="FT") == 0.29
    assert percent(tables.flop_reduction, network="deeplabv3_resnet50", pruner="SiPP") == 42.70
    assert tables.sizes == {"network": 9, "pruner": 4}
    assert not any(bool(values.isnull().any()) for values in tables.values())


def test_all_that_tables_4_6_and_8_print_is_commensurate():
    assert (published.prune_results().error_difference <= metrics.DELTA).all()


def test_pruning_weights_removes_more_parameters_than_pruning_filters_in_every_row():
    ratio = published.prune_results().prune_ratio
    assert (ratio.sel(pruner=["WT", "SiPP"]).min("pruner") > ratio.sel(pruner=["FT", "PFP"]).max("pruner")).all()


@pytest.mark.parametrize("network", ["resnet18", "resnet101", "deeplabv3_resnet50"])
def test_tables_6_and_8_repeat_the_nominal_columns_of_tables_9_and_10(network: str):
    ratio = published.prune_results().prune_ratio.sel(network=network)
    nominal = published.overparameterization().average.sel(network=network, group="train", statistic="mean")
    np.testing.assert_allclose(ratio, nominal.sel(pruner=ratio.pruner), atol=0.0005)


def test_table_4_and_table_9_agree_where_repetitions_do():
    """Without a deviation, the mean of the potentials is the potential of the mean; two rows differ all the same."""
    ratio = published.prune_results().prune_ratio
    nominal = published.overparameterization().average.sel(group="train")
    agree = abs(ratio - nominal.sel(statistic="mean")) < 0.0005
    cifar = agree.dataset == "cifar10"
    without_deviation = (nominal.sel(statistic="std") == 0) & cifar
    at = [(network, method) for network in agree.network.values for method in agree.pruner.values
          if bool(without_deviation.sel(network=network, pruner=method))
          and not bool(agree.sel(network=network, pruner=method))]  # fmt: skip
    assert at == [("resnet56", "WT"), ("resnet56", "PFP"), ("vgg16", "WT"), ("wrn16_8", "WT")]


def test_the_errors_of_the_unpruned_networks_agree_but_for_two():
    results, recipes = published.prune_results().parent_error, published.error_rates()
    printed = recipes.iou_error.fillna(recipes.top1_error)
    differ = abs(printed - results) > 1e-9
    assert differ.network.values[differ].tolist() == ["resnet110", "resnet18"]
    assert percent(recipes.top5_error, network="resnet18") == 10.93
    assert int(recipes.top5_error.notnull().sum()) == 2 and int(recipes.iou_error.notnull().sum()) == 1


def test_recipes_are_complete_and_those_of_one_column_are_one():
    recipes = published.recipes()
    assert set(recipes) == set(published.NETWORKS)
    assert all(list(recipe) == list(published.HYPERPARAMETERS) for recipe in recipes.values())
    assert recipes["resnet20"] == recipes["resnet56"] == recipes["resnet110"]
    assert recipes["resnet18"] == recipes["resnet101"]
    assert recipes["vgg16"]["decay"] == "0.5@{30, …}" and recipes["vgg16"]["batch_size"] == "256"
    assert [name for name, recipe in recipes.items() if recipe["nesterov"] == "yes"] == ["densenet22", "wrn16_8"]


def test_labels_match_those_of_the_metrics():
    coordinates = {"pruner": ["WT"], "distribution": ["cifar10", "fog"], "group": ("distribution", ["train", "test"])}
    potential = xr.DataArray(np.zeros((1, 2)), coordinates, ("pruner", "distribution"), "prune_potential")
    ours = metrics.overparameterization(potential)
    theirs = published.overparameterization()
    assert set(ours.data_vars) == set(theirs.data_vars)
    assert ours.group.values.tolist() == theirs.group.values.tolist()


@pytest.mark.parametrize("training, tables", [("nominal", "Tables 9 and 10"), ("robust", "Tables 12 and 13")])
def test_the_potential_of_one_network_after_either_training(training, tables):
    row = published.overparameterization_of("wrn16_8", "cifar10", training)
    xr.testing.assert_equal(row, published.overparameterization(training).sel(network="wrn16_8"))
    assert row.attrs["tables"] == tables


@pytest.mark.parametrize(
    "place",
    [
        ("my_net", "cifar10", "nominal"),
        ("resnet20", "cifar100", "robust"),
        ("resnet20", "cifar10", "robust-without-noise"),
        ("resnet18", "imagenet", "robust"),
    ],
)
def test_what_the_paper_did_not_measure_has_no_potential(place):
    assert published.overparameterization_of(*place) is None


def test_a_caller_cannot_change_what_the_paper_says():
    published.table_2().potential[:] = 0
    assert float(published.table_2().potential.max()) > 0.9


def test_table_11_shares_no_corruption_and_has_every_category_in_both_columns():
    table = published.train_and_test_distribution()
    listed = {
        group: [(category, name) for category, names in categories.items() for name in names]
        for group, categories in table.items()
    }
    assert not set(listed["train"]) & set(listed["test"])
    assert [len(rows) for rows in listed.values()] == [9, 8]
    for category, name in listed["train"] + listed["test"]:
        assert category == "nominal" or name in corruptions.CATEGORIES[category]


def test_numbers_on_imagenet_stand_beside_a_smaller_version_of_it_which_is_said():
    assert published.covers("resnet18", "tiny_imagenet") and not published.covers("resnet20", "tiny_imagenet")
    assert "for ImageNet" in published.other_data("resnet18", "tiny_imagenet")
    assert published.other_data("resnet18", "imagenet") == published.other_data("resnet20", "cifar10") == ""
    average = published.overparameterization_of("resnet18", "tiny_imagenet", "nominal").average
    assert percent(average, pruner="WT", group="train", statistic="mean") == 85.8
