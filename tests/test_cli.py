"""The command `lostprune`, as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from lostprune import bench, book
from lostprune.cli import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_the_module_is_the_command(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "lostprune", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: lostprune ")
    for command in ("bench", "book", "data"):
        assert f"\n  {command} " in done.stdout


def test_data_says_where_it_lies():
    told = call("data")
    assert told.exit_code == 0
    assert told.output.startswith("cifar10: 50,000 train and 10,000 test images, checked, in /")
    assert Path(told.output.strip().rpartition(" in ")[2], "test_images.npy").is_file()


def test_an_unknown_data_set_is_refused():
    told = call("data", "cifar01")
    assert told.exit_code == 1
    assert told.output == "Error: dataset: got 'cifar01', expected one of cifar10; did you mean 'cifar10'?\n"


def test_a_data_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path):
    (tmp_path / "file").touch()
    told = call("data", "--folder", str(tmp_path / "file" / "data"))
    assert told.exit_code == 1
    assert told.output.startswith("Error: cifar10: cannot write to the data folder")


def test_book_passes_on_what_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked = []

    def build(root, names, force, say):
        asked.append((names, force, os.environ["LOSTPRUNE_RESULTS"].split(os.pathsep)))
        return root / "index.html"

    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "pages.yml").touch()
    monkeypatch.setattr(book, "LIBRARY", tmp_path / "lib" / "lostprune")
    monkeypatch.setattr(book, "build", build)
    monkeypatch.setenv("LOSTPRUNE_RESULTS", "mine")
    told = call("book", "one", "two", "--force")
    assert told.output == f"open {tmp_path / 'index.html'}\n"
    assert asked == [(("one", "two"), True, [str(tmp_path / "book" / "results"), "mine"])]


def test_without_a_checkout_there_is_no_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(book, "LIBRARY", tmp_path / "site-packages" / "lostprune")
    told = call("book")
    assert told.exit_code == 1
    assert "expected book/pages.yml beside lib/; clone the repository" in told.output


def test_the_time_of_pruning_is_measured(monkeypatch: pytest.MonkeyPatch):
    measured = bench.prune(runs=2, methods=("WT", "FT"))
    monkeypatch.setattr(bench, "prune", lambda: measured)
    assert json.loads(call("bench", "prune", "--json").output) == measured
    assert set(measured["seconds"]) == {"WT", "FT"}
    for times in measured["seconds"].values():
        assert 0 < times["fastest"] <= times["median"] <= times["slowest"]
    assert measured["torch_version"] == torch.__version__
    words = call("bench", "prune").output
    assert f"{1000 * measured['seconds']['FT']['median']:.1f} ms" in words and measured["device"] in words


def test_a_device_that_is_not_there_is_told_plainly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_DEVICE", "abacus")
    told = call("bench", "prune")
    assert told.exit_code == 1
    assert told.output.startswith("Error: LOSTPRUNE_DEVICE: got 'abacus'")
