"""Benchmarks: what they print is what they measured, with everything needed to judge it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn

from fixtures import trees
from lostprune.bench import backselect, beside, evaluate, floors, load, plain_loop, prune, report, train
from lostprune.cli import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("bench", *arguments), catch_exceptions=False)


def test_the_time_of_pruning_is_measured(monkeypatch: pytest.MonkeyPatch):
    measured = prune.measure(runs=1, methods=("WT", "FT"))
    monkeypatch.setattr(prune, "measure", lambda network: measured)
    assert json.loads(call("prune", "--json").output) == measured
    assert set(measured["seconds"]) == {"WT", "FT"}
    for times in measured["seconds"].values():
        assert 0 < times["smallest"] <= times["median"] <= times["largest"]
    assert measured["torch_version"] == torch.__version__
    words = call("prune").output
    assert f"{1000 * measured['seconds']['FT']['median']:,.1f} (" in words and measured["device"] in words


def test_the_evaluation_is_measured_against_the_plain_loop(monkeypatch: pytest.MonkeyPatch):
    measured = evaluate.measure(images=40, together=2, runs=1)
    monkeypatch.setattr(evaluate, "measure", lambda network: measured)
    assert json.loads(call("evaluate", "--json").output) == measured
    assert measured["agreement"] >= 0.95 and measured["networks"] == 2
    pair = measured["plain_seconds"]["median"] / measured["seconds"]["median"]
    assert measured["ratio"]["median"] == pytest.approx(pair)
    assert measured["images_per_second"] == pytest.approx(80 / measured["seconds"]["median"])
    assert f"{measured['images_per_second']:,.0f} images/s" in call("evaluate").output


def test_the_ranking_of_pixels_is_measured_against_the_plain_loop(monkeypatch: pytest.MonkeyPatch):
    measured = backselect.measure(images=1, side=4, runs=1)
    monkeypatch.setattr(backselect, "measure", lambda **_: measured)
    assert json.loads(call("backselect", "--json").output) == measured
    assert measured["agreement"] >= 0.98 and measured["pixels"] == 16
    pair = measured["plain_seconds"]["median"] / measured["seconds"]["median"]
    assert measured["ratio"]["median"] == pytest.approx(pair)
    exact = measured["candidate_seconds"] * 1024 * 1025 / 2
    assert measured["gradient"]["ratio"]["median"] == pytest.approx(
        exact / measured["gradient"]["seconds_per_image"]["median"]
    )
    assert f"{measured['ratio']['median']:.2f} (" in call("backselect").output


def test_the_loader_is_measured_against_image_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    trees.tiny_imagenet(tmp_path, train=3)
    monkeypatch.setenv("LOSTPRUNE_DATA", str(tmp_path))
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")
    measured = load.measure(size=16, runs=1)
    monkeypatch.setattr(load, "measure", lambda **_: measured)
    assert json.loads(call("load", "--json").output) == measured
    assert (measured["images"], measured["workers"]) == (9, 0)
    pair = measured["plain_seconds"]["median"] / measured["seconds"]["median"]
    assert measured["ratio"]["median"] == pytest.approx(pair)
    assert f"{9 / measured['seconds']['median']:,.0f} images/s" in call("load").output


@pytest.mark.parametrize("dataset", ["cifar10", "imagenot"])
def test_the_loader_is_measured_on_image_files_alone(dataset: str):
    told = call("load", "--dataset", dataset)
    assert told.exit_code and dataset in told.output and "Traceback" not in told.output


def test_a_device_that_is_not_there_is_told_plainly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_DEVICE", "abacus")
    told = call("prune")
    assert told.exit_code == 1
    assert told.output.startswith("Error: LOSTPRUNE_DEVICE: got 'abacus'")


def test_the_ratio_is_plain_over_fast(monkeypatch: pytest.MonkeyPatch):
    worked, takes = [], {"fast": 1.0, "plain": 3.0}
    monkeypatch.setattr(report.time, "perf_counter", lambda: sum(takes[name] for name in worked))
    measured = report.alternate(
        lambda: worked.append("fast"), lambda: worked.append("plain"), torch.device("cpu"), runs=3
    )
    assert worked == ["fast", "plain"] * 4
    assert measured["ratio"] == {"median": 3.0, "smallest": 3.0, "largest": 3.0, "runs": 3}


def test_without_a_checkout_there_is_nothing_to_compare_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(report, "TESTS", tmp_path)
    with pytest.raises(report.BenchError, match="clone the repository"):
        report.reference("metrics")


def test_training_is_measured_against_the_plain_loop():
    """And an epoch of robust training against a nominal one, and all beside a busy program."""
    measured = train.measure(together=2, steps=1, rounds=1, beside=True, training="robust")
    assert measured["beside_over_one_thread"]["runs"] == 1
    rates = {way: spread["median"] for way, spread in measured["images_per_second"].items()}
    assert set(rates) == {"engine", "together", "plain"} and min(rates.values()) > 0
    assert measured["ratio"]["smallest"] <= rates["engine"] / rates["plain"] <= measured["ratio"]["largest"]
    hours = 45_000 * 182 / rates["engine"] / 3600
    assert measured["hours"]["engine"] == pytest.approx({"training": hours, "chain": 23 * hours})
    words = train.in_words(measured)
    assert f"{measured['ratio']['median']:.2f} (" in words and "23 cycles" in words
    ratio = measured["robust_over_nominal"]
    assert 0 < ratio["smallest"] <= ratio["median"] <= ratio["largest"] and ratio["runs"] == 1
    assert f"{ratio['median']:.3f} (" in words


def test_training_beside_a_busy_program_is_measured_against_one_thread():
    threads = torch.get_num_threads()
    seen = []
    measured = beside.measure(lambda: seen.append(torch.get_num_threads()), torch.device("cpu"), rounds=2)
    assert seen == [threads, 1] * 3 and torch.get_num_threads() == threads
    ratio = measured["beside_over_one_thread"]
    assert ratio["runs"] == 2 and 0 < ratio["smallest"] <= ratio["median"] <= ratio["largest"]
    words = beside.in_words(measured | {"threads": threads})
    assert f"{ratio['median']:.2f} (" in words


def test_the_neighbour_is_busy_and_ends():
    with beside.BusyNeighbour() as neighbour:
        assert neighbour.process.poll() is None
    assert neighbour.process.poll() is not None


def test_an_unknown_training_is_refused():
    told = call("train", "--training", "robst")
    assert told.exit_code == 1 and "did you mean 'robust'" in told.output


def test_a_plain_loop_that_ends_is_told():
    loop = plain_loop.PlainLoop("resnet20", 256, 1)
    loop.command = [sys.executable, "-c", ""]
    with loop as plain, pytest.raises(report.BenchError, match="ended early"):
        plain.images_per_second()


def test_floors_count_what_the_network_does():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 64, 10))
    found = floors.of("training", network, (3, 8, 8), bfloat16=False, images_per_second=100)
    operations = 3 * 2 * (4 * 27 * 64 + 4 * 64 * 10)
    assert found["arithmetic_images_per_second"] == pytest.approx(found["operations_per_second"] / operations)
    moved = 5 * 4 * (4 * 64 + 4 * 64 + 10)
    assert found["memory_images_per_second"] == pytest.approx(found["bytes_per_second"] / moved)
    assert found["memory_fraction"] == pytest.approx(100 / found["memory_images_per_second"])
