"""Benchmarks: what they print is what they measured, with everything needed to judge it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from lostprune.bench import prune, report
from lostprune.cli import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("bench", *arguments), catch_exceptions=False)


def test_the_time_of_pruning_is_measured(monkeypatch: pytest.MonkeyPatch):
    measured = prune.measure(runs=2, methods=("WT", "FT"))
    monkeypatch.setattr(prune, "measure", lambda network: measured)
    assert json.loads(call("prune", "--json").output) == measured
    assert set(measured["seconds"]) == {"WT", "FT"}
    for times in measured["seconds"].values():
        assert 0 < times["smallest"] <= times["median"] <= times["largest"]
    assert measured["torch_version"] == torch.__version__
    words = call("prune").output
    assert f"{1000 * measured['seconds']['FT']['median']:.1f} (" in words and measured["device"] in words


def test_a_device_that_is_not_there_is_told_plainly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_DEVICE", "abacus")
    told = call("prune")
    assert told.exit_code == 1
    assert told.output.startswith("Error: LOSTPRUNE_DEVICE: got 'abacus'")


def test_the_ratio_is_plain_over_fast():
    waits = {"fast": 0, "plain": 0}

    def work(name: str, size: int):
        waits[name] += 1
        torch.randn(size, size) @ torch.randn(size, size)

    measured = report.alternate(lambda: work("fast", 8), lambda: work("plain", 600), torch.device("cpu"), runs=3)
    assert waits == {"fast": 4, "plain": 4}
    assert measured["ratio"]["runs"] == 3 and measured["ratio"]["median"] > 1


def test_without_a_checkout_there_is_nothing_to_compare_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(report, "_TESTS", tmp_path)
    with pytest.raises(report.BenchError, match="clone the repository"):
        report.reference("metrics")
