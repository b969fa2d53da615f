"""Algorithm 1 nests its masks, shares its parents, and ends bitwise the same wherever it was stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import lostprune
from lostprune import prune_retrain, pruning
from lostprune.foundations.progress import TRAINING_PASSES, Progress, Stopped, watched_by
from lostprune.prune_retrain import Checkpoints, cells
from tiny_network import SCALE, moment, one_thread

CPU = torch.device("cpu")


def run_all(study, folder):
    for chain in all_chains(study):
        prune_retrain.run_chains(Checkpoints(study, folder), [chain], CPU, Progress(0, ""))


def all_chains(study):
    parents = [("parent", repetition) for repetition in range(study.repetitions)]
    return [*parents, *cells.chains_of(study)]


def pending(study, folder):
    return [cell for chain in all_chains(study) for cell in Checkpoints(study, folder).pending(chain)]


def states(study, folder):
    """Weights and masks of every cell."""
    every = [cell for chain in all_chains(study) for cell in cells.cells_of(study, chain)]
    loaded = {cell: Checkpoints(study, folder).load(cell, CPU) for cell in every}
    return {
        (cell, kind, name): tensor
        for cell, (network, masks, _) in loaded.items()
        for kind, tensors in (("state", network.state_dict()), ("mask", masks))
        for name, tensor in tensors.items()
    }


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The study, run without a stop: its folder and what it ended with."""
    from conftest import TINY

    study = lostprune.Study(scale=TINY, methods=("WT", "FT"), repetitions=1)
    folder = tmp_path_factory.mktemp("unbroken")
    run_all(study, folder)
    return study, folder, states(study, folder)


def assert_same(study, folder, expected):
    found = states(study, folder)
    assert found.keys() == expected.keys()
    assert [key for key in expected if not torch.equal(found[key], expected[key])] == []


def test_masks_nest_and_pruned_weights_are_zero(unbroken):
    study, folder, _ = unbroken
    for method in study.methods:
        before = None
        for cycle in range(1, len(study.ladder) + 1):
            network, masks, facts = Checkpoints(study, folder).load((method, 0, cycle), CPU)
            parameters = dict(network.named_parameters())
            assert all((parameters[name][~mask] == 0).all() for name, mask in masks.items())
            assert before is None or not any((masks[name] & ~mask).any() for name, mask in before.items())
            kept = study.ladder[cycle - 1][-1]
            tolerance = 0.005 if method == "WT" else 0.02  # FT moves in steps of filters
            assert 1 - facts["prune_ratio"] == pytest.approx(kept, rel=tolerance)
            assert facts["prune_ratio"] == pruning.prune_ratio(network, masks)
            before = masks


def test_a_second_run_computes_nothing(unbroken):
    study, folder, _ = unbroken
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    run_all(study, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == times
    assert pending(study, folder) == []


def test_another_study_of_the_same_network_takes_over_what_is_there(unbroken):
    study, folder, _ = unbroken
    wider = lostprune.Study(scale=study.scale, methods=("WT", "FT", "PFP"), repetitions=1)
    assert {cell[0] for cell in pending(wider, folder)} == {"PFP"}


def test_a_damaged_cycle_is_said_and_computed_again(unbroken, caplog):
    study, folder, expected = unbroken
    checkpoints = Checkpoints(study, folder)
    path = checkpoints.path(("WT", 0, 1)).with_suffix(".safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    assert checkpoints.load(("WT", 0, 1), CPU) is None
    assert "it is computed again" in caplog.text
    run_all(study, folder)
    assert_same(study, folder, expected)


def test_a_chain_that_cannot_be_pruned_further_ends_with_a_note(tmp_path, monkeypatch):
    study = moment(scale=dataclasses.replace(SCALE, name="two cycles", cycles=2), repetitions=1)
    attempt = pruning.attempt

    def unreachable(network, method, keep_ratio, *rest):
        if keep_ratio < 0.5:
            raise pruning.VanishedLayer("8.weight would lose its last weight")
        return attempt(network, method, keep_ratio, *rest)

    monkeypatch.setattr(pruning, "attempt", unreachable)
    run_all(study, tmp_path)
    for method in study.methods:
        found = Checkpoints(study, tmp_path).unreachable((method, 0))
        assert found == {f"{method}-r0-c02": "8.weight would lose its last weight"}
    assert pending(study, tmp_path) == []
    curves = lostprune.run(study, "curves", store=tmp_path)["curves"]
    assert curves.test_error.isnull().sum("cycle").values.tolist() == [[1], [1]]
    error, ratio = curves.test_error, curves.prune_ratio
    potential = lostprune.metrics.prune_potential(error, prune_ratio=ratio, delta=1)
    assert (potential == ratio.sel(cycle=1, drop=True)).all()


def test_slots_shorter_than_a_cycle_come_to_the_same_end(tmp_path):
    scale = dataclasses.replace(SCALE, name="slots", train_images=128, epochs=3, retrain_epochs=2, cycles=1)
    study = moment(scale=scale, methods=("FT",), repetitions=1)
    run_all(study, tmp_path / "unbroken")
    left, slots = [], 0
    while cells_left := pending(study, tmp_path):
        left.append(prune_retrain.images_to_train(Checkpoints(study, tmp_path), cells_left))
        slots += 1
        with contextlib.suppress(Stopped), watched_by(StopsAfter(study.train_images + 64)):
            run_all(study, tmp_path)
    assert left == sorted(set(left), reverse=True), "a slot came no further"
    assert slots >= study.recipe.epochs
    assert_same(study, tmp_path, states(study, tmp_path / "unbroken"))
    assert not [path for path in (tmp_path / "unfinished").rglob("*") if path.is_file()]


class StopsAfter:
    """A watch that stops the work after so many images."""

    def __init__(self, images: int):
        self.images = images

    def said(self, progress: Progress) -> None:
        """The next step tells."""

    def stepped(self, progress: Progress) -> None:
        if progress.done > TRAINING_PASSES * self.images:
            raise Stopped("the time limit is reached")

    def ended(self, progress: Progress) -> None:
        """Nothing is shown."""


def test_without_retraining_what_is_kept_is_the_parents(tmp_path):
    scale = dataclasses.replace(SCALE, name="pruned only", retrain_epochs=0, cycles=2)
    study = moment(scale=scale, repetitions=1)
    checkpoints = Checkpoints(study, tmp_path)
    assert prune_retrain.images_to_train(checkpoints, checkpoints.pending(("WT", 0))) == 0
    for chain in (("parent", 0), ("WT", 0)):
        prune_retrain.run_chains(checkpoints, [chain], CPU, Progress(0, ""))
    parent, _, _ = checkpoints.load(("parent", 0, 0), CPU)
    network, masks, facts = checkpoints.load(("WT", 0, 2), CPU)
    assert facts["history"] == [] and facts["prune_ratio"] > 0.5
    for name, value in network.state_dict().items():
        assert torch.equal(value, parent.state_dict()[name] * masks.get(name, 1)), name


def test_a_robust_run_that_is_killed_ends_where_an_unbroken_one_ends(tmp_path):
    study = moment(training="robust", methods=("SiPP",), repetitions=1)  # its samples are corrupted, too
    with one_thread():
        run_all(study, tmp_path / "unbroken")
    expected = states(study, tmp_path / "unbroken")
    code = (
        "import sys, pathlib; sys.path += ['.', 'prune_retrain'];"
        "import torch; from tiny_network import moment; import test_algorithm as t; torch.set_num_threads(1);"
        "study = moment(training='robust', methods=('SiPP',), repetitions=1);"
        "print('ready', flush=True); t.run_all(study, pathlib.Path(sys.argv[1]))"
    )
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", code, str(folder)]
    run = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"ready\n"
    everything = pending(study, folder)
    while len(left := pending(study, folder)) == len(everything):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert 0 < len(left) < len(everything)
    with one_thread():
        run_all(study, folder)
    assert_same(study, folder, expected)
