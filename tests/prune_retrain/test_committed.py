"""Unpruned networks that come with the repository: nobody trains them again, and nothing changes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lostprune import prune_retrain
from lostprune.foundations import store
from lostprune.foundations.progress import Progress
from lostprune.prune_retrain import Checkpoints, cells, checkpoints
from tiny_network import moment, one_thread

CPU = torch.device("cpu")
PARENTS = Path(__file__).parents[2] / "book" / "parents"


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """A study whose parent is trained and lies in a repository, and the path of its checkpoint."""
    study = moment(repetitions=1, methods=("WT",))
    with one_thread():
        prune_retrain.run_chains(Checkpoints(study, tmp_path / "other"), [("parent", 0)], CPU, Progress(0, ""))
    place = (tmp_path / "other" / "checkpoints").rename(tmp_path / "parents")
    monkeypatch.setattr(checkpoints, "COMMITTED", place)
    return study, place / study.training_key / "parent-r0"


def test_a_chain_starts_from_the_committed_parent(committed, tmp_path):
    study, path = committed
    mine = Checkpoints(study, tmp_path / "store")
    assert mine.pending(("parent", 0)) == []
    prune_retrain.run_chains(mine, [("WT", 0)], CPU, Progress(0, ""))
    assert (
        mine.pending(("WT", 0)) == []
        and not (mine.folder / "checkpoints" / path.parent.name / "parent-r0.json").exists()
    )
    assert mine.facts(("parent", 0, 0))["sha256"] == json.loads(path.with_suffix(".json").read_text())["sha256"]


def test_a_damaged_committed_parent_is_trained_and_left_as_it_is(committed, tmp_path):
    study, path = committed
    damaged = path.with_suffix(".safetensors").read_bytes()[:-1]
    path.with_suffix(".safetensors").write_bytes(damaged)
    mine = Checkpoints(study, tmp_path / "store")
    assert mine.pending(("parent", 0)) == [("parent", 0, 0)]
    prune_retrain.run_chains(mine, [("parent", 0)], CPU, Progress(0, ""))
    assert mine.is_done(("parent", 0, 0)) and path.with_suffix(".safetensors").read_bytes() == damaged


def test_dropping_weights_leaves_the_committed_ones(committed, tmp_path):
    study, path = committed
    Checkpoints(study, tmp_path / "store").drop(("parent", 0))
    assert store.is_whole(path)


@pytest.mark.parametrize("path", sorted(PARENTS.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_committed_is_whole_small_and_unpruned(path):
    facts = json.loads(path.read_text())
    assert store.is_whole(path.with_suffix("")) and path.with_suffix(".safetensors").stat().st_size < 2_000_000
    assert facts["study"] == path.parent.name and facts["cell"][0] in cells.UNPRUNED and facts["prune_ratio"] == 0
