"""The paper's tables agree with each other, and with what stands printed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from lostprune import metrics, published


def percent(values: xr.DataArray, **place) -> float:
    return pytest.approx(float(values.sel(place)) * 100)


def test_samples_of_tables_9_and_10():
    tables = published.overparameterization()
    assert percent(tables.average, network="resnet20", pruner="SiPP", group="test", statistic="std") == 4.3
    assert percent(tables.average, network="densenet22", pruner="FT", group="test", statistic="mean") == 58.2
    assert percent(tables.minimum, network="wrn16_8", pruner="PFP", group="test", statistic="mean") == 66.7
    assert percent(tables.minimum, network="resnet56", pruner="WT", group="test", statistic="std") == 6.5
    assert percent(tables.average, network="deeplabv3", pruner="WT", group="train", statistic="mean") == 58.9
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


def test_labels_match_those_of_the_metrics():
    potential = xr.DataArray(
        np.zeros((1, 2)), {"pruner": ["WT"], "distribution": ["cifar10", "fog"]}, name="prune_potential"
    )
    ours = metrics.overparameterization(potential, ("cifar10",))
    theirs = published.overparameterization()
    assert set(ours.data_vars) == set(theirs.data_vars)
    assert ours.group.values.tolist() == theirs.group.values.tolist()


def test_a_caller_cannot_change_what_the_paper_says():
    published.table_2().potential[:] = 0
    assert float(published.table_2().potential.max()) > 0.9
