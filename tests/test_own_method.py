"""A pruning method of the reader's own, from its registration in the written page to results, figures and tables."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import multiprocessing
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import lostprune
import tiny_network
from fixtures import synthetic
from lostprune import figures, findings, metrics, pruning, results, tables
from lostprune.campaign.verify import verify
from lostprune.cli import main
from lostprune.figures import style
from lostprune.foundations.imports import import_code

PAGE = Path(__file__).parents[1] / "book" / "change_the_architecture.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
(CODE,) = [block for block in BLOCKS if "@pruning" in block]
OTHER = CODE.replace("layer.weight * layer.weight.grad", "layer.weight.grad")


def register(code: str = CODE) -> None:
    exec(code, {"__name__": "__main__"})


@pytest.fixture
def own_study() -> lostprune.Study:
    register()
    return tiny_network.moment(methods=("Taylor", "WT"), repetitions=1)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that registers a method, and a network that no worker knows."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "my_own_method.py"
    path.write_text(CODE)
    yield path
    sys.modules.pop("my_own_method", None)


def test_the_page_s_method_goes_through_a_study(own_study, store):
    assert own_study.methods == ("WT", "Taylor")
    tree = lostprune.run(own_study, "curves", "shift")
    curves, shift = (tree[part].to_dataset() for part in ("curves", "shift"))
    assert curves.pruner.values.tolist() == ["WT", "Taylor"]
    ratio = curves.prune_ratio.sel(repetition=0)
    assert abs(ratio.sel(pruner="Taylor") - ratio.sel(pruner="WT")).max() < 0.02
    assert not (curves.test_loss.sel(pruner="Taylor") == curves.test_loss.sel(pruner="WT")).all()
    assert findings.weights_against_filters(curves, 0.5) == ""
    assert tables.prune_results(curves, "tab").frame.index.tolist() == ["WT", "Taylor"]
    assert verify(store)[1] == []
    assert lostprune.load(own_study, "Taylor", 0, 1)[1]


def test_a_changed_method_computes_its_own_chains_anew(own_study, store):
    lostprune.run(own_study, "curves")
    assert results.missing(own_study, ("curves",), store) == {}
    key = own_study.key
    register(OTHER)
    assert own_study.key == key and list(results.missing(own_study, ("curves",), store)) == [("Taylor", 0)]
    lostprune.run(own_study, "curves")
    register()
    assert results.missing(own_study, ("curves",), store) == {}  # undone, the first results are found again
    assert len(list(store.rglob("Taylor+*-r0.nc"))) == 2


def test_keys_and_names_of_the_papers_chains_stay():
    four, five = (tiny_network.moment(methods=methods).key for methods in (("WT", "PFP"), ("WT",)))
    register()
    assert four == five == tiny_network.moment(methods=("Taylor",)).key
    assert lostprune.Study().methods == ("WT", "SiPP", "FT", "PFP")


def test_its_row_in_table_1():
    register()
    frame = tables.methods("tab").frame
    assert frame.index.tolist() == ["WT", "SiPP", "FT", "PFP", "Taylor"]
    row = frame.loc["Taylor"].tolist()
    assert row[:3] == ["unstructured (weights)", "weight times gradient", "yes"] and row[4] == "global"


def test_a_fifth_method_in_figures_tables_and_findings(monkeypatch):
    register()
    monkeypatch.setitem(synthetic.STRENGTH, "Taylor", 5.0)
    parts = synthetic.results_of(methods=(*synthetic.METHODS, "Taylor"), cycles=3, corruptions=("fog", "snow"))
    curves, shift = parts["curves"], parts["shift"]
    potential = metrics.prune_potential(shift.error, prune_ratio=curves.prune_ratio)
    figure = figures.prune_accuracy_curves(curves)
    assert "Taylor" in str(figure)
    figures.prune_potential_bars(potential, shift)
    assert "Taylor" in tables.overparameterization(potential, shift, "tab").frame.index[-1]
    assert tables.prune_results(curves, "tab").frame.index.tolist()[-1] == "Taylor"
    assert "(WT), " in findings.weights_against_filters(curves, 0.005) and "Taylor" in findings.across([parts])
    looks = [(style.color_of(name), style.marker_of(name)) for name in pruning.names()]
    assert len({color for color, _ in looks}) == len({marker for _, marker in looks}) == 5


def test_the_campaign_takes_it_from_a_file(file):
    study = "network=resnet20,scale=smoke,methods=WT+Taylor"
    found = CliRunner().invoke(main, ["campaign", study, "--import", str(file), "--dry-run"])
    assert found.exit_code == 0, found.output
    assert "Taylor" in found.output
    pruning.registry.REGISTERED.pop("Taylor")
    refused = CliRunner().invoke(main, ["campaign", study, "--dry-run"])
    assert refused.exit_code == 1 and "pruning.register('Taylor'" in refused.output


def test_a_worker_runs_the_file_that_registers_it(file, monkeypatch):
    import_code(str(file))
    scale = dataclasses.replace(tiny_network.SCALE, name="worker", cycles=1)
    study = lostprune.Study("resnet20", methods=("Taylor",), repetitions=1, scale=scale)
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
        tree = lostprune.run(study, "curves", executor=pool)
    assert tree["curves"].pruner.values.tolist() == ["Taylor"]
