"""Shrunk networks are counted when a study is evaluated, and shown beside what pruning counts."""

from __future__ import annotations

import logging

import holoviews as hv
import numpy as np
import pytest
import torch

import lostprune
from conftest import TINY
from fixtures.synthetic import results_of
from lostprune import figures, metrics, networks, pruning, tables
from tiny_network import moment


def test_a_study_counts_its_networks_after_shrinking(tmp_path):
    study = moment(methods=("FT",), repetitions=1)
    curves = lostprune.run(study, "curves", store=tmp_path)["curves"].to_dataset().isel(pruner=0, repetition=0)
    for cycle in (0, 2):
        network, masks = lostprune.load(study, "FT", 0, cycle, store=tmp_path)
        shrunk = pruning.shrink(network, masks)
        assert int(curves.shrunk_parameters[cycle]) == pruning.parameters(shrunk)
        assert int(curves.shrunk_multiply_adds[cycle]) == pruning.multiply_adds(shrunk)
    assert curves.shrunk_parameters[2] < curves.shrunk_parameters[0]


def test_a_network_that_cannot_be_shrunk_has_no_counts_and_says_why(tmp_path, caplog):
    class Rolled(torch.nn.Sequential):
        def __init__(self, num_classes=10):
            conv, head = torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(8, num_classes)
            super().__init__(conv, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), head)

        def forward(self, x):
            return super().forward(x.roll(1, 1))

    networks.register("rolled")(Rolled)
    study = lostprune.Study(network="rolled", scale=TINY, methods=("WT",), repetitions=1)
    with caplog.at_level(logging.WARNING):
        curves = lostprune.run(study, "curves", store=tmp_path)["curves"].to_dataset()
    assert curves.shrunk_parameters.isnull().all() and curves.test_error.notnull().all()
    assert "rolled cannot be shrunk" in caplog.text and "'roll'" in caplog.text
    assert tables.real_savings(curves, "tab").frame["parameters, gone"].tolist() == ["–"]


def test_what_is_gone_is_a_share_of_each_parent():
    curves = results_of(methods=("WT", "FT"), repetitions=2, cycles=1)["curves"]
    curves["shrunk_parameters"][:] = [[[100.0, 40.0], [200.0, 60.0]]] * 2
    gone = metrics.with_what_is_gone(curves).parameters_gone.sel(pruner="FT")
    np.testing.assert_allclose(gone, [[0, 0.6], [0, 0.7]])


def test_the_table_sets_both_side_by_side_for_the_commensurate_networks():
    curves = results_of(methods=("WT", "FT"), repetitions=2, cycles=2)["curves"]
    curves["prune_ratio"][:] = [0.0, 0.5, 0.9]
    curves["flop_reduction"][:] = [0.0, 0.4, 0.8]
    curves["test_error"][:] = [[[0.1, 0.1, 0.101]] * 2, [[0.1, 0.1, 0.2]] * 2]
    curves["shrunk_parameters"][:] = [100.0, 60.0, 30.0]
    curves["shrunk_multiply_adds"][:] = [[[50.0, 50.0, 50.0]] * 2, [[50.0, 40.0, 10.0]] * 2]
    table = tables.real_savings(curves, "tab-savings")
    assert table.frame.loc["WT"].tolist() == ["90.0", "70.0", "80.0", "0.0"]
    assert table.frame.loc["FT"].tolist() == ["50.0", "40.0", "40.0", "20.0"]
    assert "scale quick" in table.caption and "δ = 0.5%" in table.caption


@pytest.mark.parametrize("backend", ["bokeh", "matplotlib"])
def test_the_figure_has_a_marker_for_every_cycle_that_was_reached(backend):
    figure = figures.real_savings(results_of(unreached=2, cycles=5)["curves"])
    marks = {one.label: one for one in figure.traverse(lambda x: x, [hv.Scatter])}
    assert {name: len(one) for name, one in marks.items()} == {"WT": 6, "SiPP": 6, "FT": 6, "PFP": 4}
    assert marks["FT"].dimension_values("gone").max() == pytest.approx(97 / 4, abs=1)
    hv.renderer(backend).get_plot(figure)


def test_results_of_an_earlier_version_are_named():
    curves = results_of()["curves"].drop_vars("shrunk_multiply_adds")
    with pytest.raises(ValueError, match="shrunk_multiply_adds missing.*run the study again"):
        figures.real_savings(curves)
