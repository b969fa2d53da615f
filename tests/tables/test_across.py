"""Tables that span networks have the paper's rows, and ours beside those that were run."""

from __future__ import annotations

import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import metrics, published, tables


def study(network: str = "resnet20", **attributes: str) -> dict[str, xr.Dataset]:
    parts = results_of(corruptions=("fog", "snow", "frost"))
    return {part: dataset.assign_attrs(network=network, **attributes) for part, dataset in parts.items()}


def test_table_2_has_its_rows_and_ours_beside_them():
    frame = tables.potential_of_all([study("vgg16")], "tab").frame
    printed = published.table_2().potential
    assert len(frame) == printed.sizes["network"] * printed.sizes["pruner"]
    parts = study("vgg16")
    error = parts["shift"].error.sel(pruner="WT")
    ratio = parts["curves"].prune_ratio.sel(pruner="WT")
    nominal = 100 * metrics.prune_potential(error, error.sel(cycle=0, drop=True), ratio).sel(distribution="cifar10")
    row = frame.loc["VGG16, WT"]
    assert row["nominal, here"] == f"{float(nominal.mean()):.1f} ± {float(nominal.std()):.1f}"
    assert row["nominal, paper"] == "98.0 ± 0.0" and row["scale, repetitions"] == "quick, 3"
    assert frame.loc["ResNet18, FT"].tolist() == ["–", "–", "–", "13.7", "13.5", "-0.2", "–"]


@pytest.mark.parametrize(
    "training, methods, networks",
    [("nominal", ("WT", "SiPP"), 9), ("nominal", ("FT", "PFP"), 9), ("robust", ("WT",), 6)],
)
def test_overparameterization_has_every_row_of_the_paper(training: str, methods: tuple, networks: int):
    others = [study("vgg16", training=other) for other in {"nominal", "robust"} - {training}]
    here = study("densenet22", training=training)
    frame = tables.overparameterization_of_all([here, *others], methods, training, "tab").frame
    assert len(frame) == (networks + 1) * len(methods)  # only one study was trained so
    for method in methods:
        assert frame.loc[f"DenseNet22, {method}, here", "scale, repetitions"] == "quick, 3"
        theirs = published.overparameterization(training).average.sel(network="densenet22", pruner=method, group="test")
        assert frame.loc[f"DenseNet22, {method}, paper", "average, test"].startswith(f"{float(theirs[0]) * 100:.1f} ±")


def test_prune_results_agree_with_the_table_of_the_network():
    parts = study("densenet22")
    frame = tables.prune_results_of_all([parts], "tab").frame
    alone = tables.prune_results(parts["curves"], "tab").frame
    assert len(frame) == 9 * 4
    for method in ("WT", "SiPP", "FT", "PFP"):
        assert frame.loc[f"DenseNet22, {method}"].tolist()[:6] == alone.loc[method].tolist()


def test_a_network_at_two_scales_has_two_rows():
    frame = tables.prune_results_of_all([study(), study(scale="paper")], "tab").frame
    assert frame.loc["ResNet20 (quick), WT", "scale, repetitions"] == "quick, 3"
    assert frame.loc["ResNet20 (paper), WT", "scale, repetitions"] == "paper, 3"


def test_a_network_that_was_run_twice_at_a_scale_is_told_apart_by_what_differs():
    studies = [study(), study(seed=1), study(dataset="tiny_imagenet")]
    frame = tables.prune_results_of_all(studies, "tab").frame
    rows = [name for name in frame.index if name.startswith("ResNet20 ") and name.endswith("WT")]
    assert len(rows) == 3 and all("quick" not in name for name in rows)


def test_other_data_than_the_papers_are_named():
    frame = tables.potential_of_all([study("resnet18", dataset="cifar10")], "tab").frame
    assert frame.loc["ResNet18, WT", "scale, repetitions"] == "CIFAR-10, quick, 3"


def test_without_any_study_the_papers_rows_stand_alone():
    frame = tables.potential_of_all([], "tab").frame
    assert set(frame["nominal, here"]) == {"–"} and set(frame["scale, repetitions"]) == {"–"}
