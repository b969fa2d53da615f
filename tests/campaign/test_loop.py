"""A campaign goes on where it was, stops in time, survives every end, and one failure does not stop the rest."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import lostprune
import tiny_network
from lostprune import campaign, data, networks, prune_retrain, results, training
from lostprune.campaign import executors
from lostprune.campaign.board import Board
from lostprune.campaign.jobs import plan
from lostprune.campaign.pace import Pace
from lostprune.campaign.work import CLAIMED
from lostprune.cli import main
from lostprune.foundations import store
from lostprune.foundations.progress import Progress
from lostprune.prune_retrain import Checkpoints, cells
from tiny_network import digests

TESTS = Path(__file__).parents[1]
PARTS = ("curves", "shift")
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with tiny_network.one_thread():
        yield


def quietly(line):
    pass


def pending(study, folder):
    """Names of the chains that are not trained to their end."""
    every = [("parent", repetition) for repetition in range(study.repetitions)] + cells.chains_of(study)
    return [cells.name_of_chain(chain) for chain in every if Checkpoints(study, folder).pending(chain)]


def test_a_campaign_brings_everything_to_its_end_in_order(finished):
    study, folder, lines = finished
    assert [line.removeprefix("tiny moment: ").removesuffix(": finished") for line in lines] == [
        "parent-r0", "WT-r0", "FT-r0", "parent-r1", "WT-r1", "FT-r1"
    ]  # fmt: skip
    assert not pending(study, folder) and plan([study], PARTS, folder) == []
    assert all(results.read_study(study, part, folder) is not None for part in PARTS)
    assert list((folder / "running").iterdir()) == []


def test_weights_whose_results_are_complete_can_be_dropped(finished, tmp_path):
    study, folder = tiny_network.moment(repetitions=1), finished.folder
    summary = campaign.run([study], PARTS, store_folder=tmp_path, say=quietly, keep_weights="last")
    assert summary.left == [] and set(digests(tmp_path)) == {"parent-r0"}
    for part in PARTS:
        assert results.read_study(study, part, tmp_path).equals(results.read_study(study, part, folder))
    assert campaign.run([study], PARTS, store_folder=tmp_path, say=quietly).left == []
    assert set(digests(tmp_path)) == {"parent-r0"}  # and nothing is trained again
    assert campaign.run([study], ("severities",), store_folder=tmp_path, say=quietly).left == []
    assert digests(tmp_path) == digests(folder, "r0")  # another part needs the networks once more


def test_weights_of_what_was_complete_before_can_be_dropped(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    campaign.run([study], PARTS, store_folder=tmp_path, say=quietly, repetition=0, keep_weights="last")
    assert set(digests(tmp_path)) == {"parent-r0", *digests(folder, "r1")}


def test_weights_are_not_dropped_for_results_that_others_published(finished, tmp_path, monkeypatch):
    study, folder, _ = finished
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    monkeypatch.setenv("LOSTPRUNE_RESULTS", str(folder / "results"))
    campaign.run([study], PARTS, store_folder=tmp_path, say=quietly, keep_weights="last")
    assert digests(tmp_path) == digests(folder)


def test_a_part_that_cannot_be_measured_fails_its_study_alone(tmp_path):
    images, masks = torch.zeros(40, 3, 8, 8, dtype=torch.uint8), torch.arange(40)[:, None, None].expand(40, 8, 8) % 2
    data.register("roads", (images, masks), (images, masks), mean=0, std=1)
    networks.register("flat")(lambda num_classes: nn.Conv2d(3, num_classes, 3, padding=1))
    roads = lostprune.Study("flat", "roads", scale=tiny_network.SCALE, methods=("WT",))
    good = tiny_network.moment(repetitions=1, methods=("WT",))
    summary = campaign.run([roads, good], ("curves", "informative"), store_folder=tmp_path, say=quietly)
    assert len(summary.failed) == 1 and summary.left == []
    assert results.read(good.key, "curves", ("WT", 0), tmp_path) is not None


def test_one_repetition_alone(tmp_path):
    study = tiny_network.moment(methods=("WT",))
    assert campaign.run([study], ("noise",), store_folder=tmp_path, say=quietly, repetition=1).left == []
    assert {name.split("-")[1] for name in digests(tmp_path)} == {"r1"}
    assert results.read(study.key, "noise", ("WT", 1), tmp_path).separate_error.notnull().all()


def test_a_second_campaign_writes_nothing(finished):
    study, folder, _ = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if path.parent.name != "locks"}
    assert campaign.run([study], PARTS, store_folder=folder, say=quietly).left == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if path.parent.name != "locks"} == before


def test_killed_at_random_moments_it_ends_where_an_unbroken_one_ends(finished, tmp_path):
    study, folder, _ = finished
    killed = subprocess.run(
        [sys.executable, Path(__file__).with_name("kill_campaign.py"), tmp_path, "5", "1", "2"],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(killed.stdout.splitlines()[-1])
    assert told["rewritten"] == 0
    assert [reason for reason in told["damages"] if "was killed" not in reason] == []
    assert campaign.run([study], PARTS, store_folder=tmp_path, say=quietly).left == []
    assert digests(tmp_path) == digests(folder)
    for part in PARTS:
        assert results.read_study(study, part, tmp_path).equals(results.read_study(study, part, folder))


def test_a_signal_makes_it_save_and_leave(tmp_path):
    start = "import sys, tiny_network; from lostprune.cli import main; main(sys.argv[1:], standalone_mode=True)"
    codes = {signal.SIGTERM: 75, signal.SIGINT: 130}
    command = [sys.executable, "-c", start, "campaign", "network=resnet20,scale=paper", "--store"]
    runs = {  # both at once
        number: subprocess.Popen(
            [*command, str(tmp_path / number.name)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
        )
        for number in codes
    }
    for number, run in runs.items():
        folder = tmp_path / number.name
        while not list(folder.glob("running/*.json")):  # its parent trains
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(number)
        _, told = run.communicate(timeout=60)
        assert run.returncode == codes[number]
        assert f"stopped: {number.name}; " in told and "jobs are left" in told
        assert not list(folder.glob("running/*")) and not list(folder.rglob("*.part"))


def test_one_study_that_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    train = prune_retrain.run_chains

    def diverge(checkpoints, chains, *rest):
        if checkpoints.study.seed == 1 and ("WT", 0) in chains:
            raise training.Diverged("the loss became nan")
        return train(checkpoints, chains, *rest)

    monkeypatch.setattr(prune_retrain, "run_chains", diverge)
    studies = [tiny_network.moment(seed=seed, repetitions=1) for seed in (1, 2)]
    summary = campaign.run(studies, ("curves",), store_folder=tmp_path, say=quietly)
    assert summary.failed == {"tiny moment seed 1: WT-r0": "Diverged: the loss became nan"}
    assert summary.left == [] and pending(studies[0], tmp_path) == ["WT-r0"]
    assert results.read(studies[0].key, "curves", ("FT", 0), tmp_path) is not None
    assert results.read_study(studies[1], "curves", tmp_path) is not None


def test_a_full_disk_ends_it_and_what_was_finished_stays(tmp_path, monkeypatch):
    study, save, saved = tiny_network.moment(repetitions=1), store.save_checkpoint, []

    def save_two(path, *rest):
        if len(saved) == 2:
            raise OSError(errno.ENOSPC, "no space left")
        saved.append(path)
        save(path, *rest)

    monkeypatch.setattr(store, "save_checkpoint", save_two)
    with pytest.raises(OSError, match="no space left"):
        campaign.run([study], PARTS, store_folder=tmp_path, say=quietly)
    assert not list((tmp_path / "running").iterdir())
    assert len(saved) == 2 and all(store.is_whole(path) for path in saved)


def test_what_would_not_fit_before_the_limit_is_not_begun(finished, tmp_path, monkeypatch):
    study, folder, _ = finished
    monkeypatch.setattr(Pace, "piece", lambda self, job: 60.0)
    began = []
    monkeypatch.setattr(prune_retrain, "run_chains", lambda *arguments: began.append(arguments))
    summary = campaign.run([study], PARTS, store_folder=tmp_path, seconds=50, say=quietly)
    assert not began and len(summary.left) == 6 and "would fit before the time limit" in summary.stopped


def test_the_time_limit_is_kept_and_the_next_campaign_goes_on(finished, tmp_path):
    study, folder, _ = finished
    wide = tiny_network.moment(repetitions=40)
    summary = campaign.run([wide], PARTS, store_folder=tmp_path, seconds=1.5, say=quietly)
    assert summary.stopped
    assert campaign.run([study], PARTS, store_folder=tmp_path, say=quietly).left == []
    assert digests(folder).items() <= digests(tmp_path).items()


class LikeDask(ThreadPoolExecutor):
    """An executor whose ``shutdown`` takes what Dask's takes."""

    def shutdown(self, wait=True):
        super().shutdown(wait=wait)


def test_workers_elsewhere_stop_in_time_too(tmp_path):
    wide = tiny_network.moment(repetitions=40)
    workers = executors.Workers(LikeDask(1), 1)
    summary = campaign.run([wide], PARTS, store_folder=tmp_path, seconds=1.5, workers=workers, say=quietly)
    assert summary.stopped and summary.left and not summary.failed


def test_a_signal_while_it_ends_interrupts_nothing(finished, tmp_path, monkeypatch):
    study = tiny_network.moment(repetitions=1)
    close = Board.close

    def interrupted(board):
        os.kill(os.getpid(), signal.SIGTERM)
        close(board)

    monkeypatch.setattr(Board, "close", interrupted)
    summary = campaign.run([study], PARTS, store_folder=tmp_path, seconds=600, say=quietly)
    assert (summary.left, summary.stopped) == ([], "")
    assert digests(tmp_path) == digests(finished.folder, "r0")


def test_a_clock_that_jumps_stops_nothing(finished, tmp_path, monkeypatch):
    study = tiny_network.moment(repetitions=1)
    jumps = iter(range(0, 10**9, 86_400))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    summary = campaign.run([study], PARTS, store_folder=tmp_path, seconds=600, say=quietly)
    assert (summary.left, summary.stopped) == ([], "")
    assert digests(tmp_path) == digests(finished.folder, "r0")


def test_two_campaigns_on_one_store_share_the_work(finished, tmp_path, monkeypatch):
    study = tiny_network.moment(repetitions=1)
    monkeypatch.setattr(sys.modules["lostprune.campaign.loop"], "AGAIN", 0.1)
    told = []
    with ThreadPoolExecutor(2) as both:
        runs = [both.submit(campaign.run, [study], PARTS, store_folder=tmp_path, say=told.append) for _ in range(2)]
    assert [run.result().left for run in runs] == [[], []] and not any(run.result().failed for run in runs)
    assert digests(tmp_path) == digests(finished.folder, "r0")


def test_several_workers_give_the_same_networks(finished, tmp_path):
    study = tiny_network.moment(repetitions=1)
    with ThreadPoolExecutor(3) as threads:
        workers = executors.Workers(threads, 3)
        assert campaign.run([study], PARTS, store_folder=tmp_path, workers=workers, say=quietly).left == []
    assert digests(tmp_path) == digests(finished.folder, "r0")


def test_a_chain_that_another_process_has_is_waited_for(finished, tmp_path, monkeypatch):
    study = tiny_network.moment(repetitions=1, methods=("WT",))
    loop = sys.modules["lostprune.campaign.loop"]
    do, answers = loop.do, []
    monkeypatch.setattr(loop, "do", lambda order: answers.append(do(order)) or answers[-1])
    monkeypatch.setattr(loop, "AGAIN", 0.1)
    lock = Checkpoints(study, tmp_path).lock_file(("parent", 0))
    with ThreadPoolExecutor(1) as other:
        with store.claim(lock):
            waiting = other.submit(campaign.run, [study], ("curves",), store_folder=tmp_path, say=quietly)
            while len(answers) < 2 and not waiting.done():
                time.sleep(0.01)
            assert [came_of_it for came_of_it, _ in answers[:2]] == [CLAIMED] * 2
            assert not list(tmp_path.rglob("*.safetensors"))
        assert waiting.result().left == []


def test_studies_that_cannot_be_run_are_named_and_the_others_run(tmp_path, monkeypatch):
    errors = {
        1: ValueError("network 'tiny': without prunable layer"),
        2: data.DataUnavailable("imagenet: not found"),
        3: AttributeError("'Tiny' object has no attribute 'conv'"),
    }

    def check(study):
        if study.seed in errors:
            raise errors[study.seed]

    monkeypatch.setattr(prune_retrain, "check_network", check)
    studies = [tiny_network.moment(seed=seed, repetitions=1, methods=("WT",)) for seed in (1, 2, 3, 4)]
    summary = campaign.run(studies, ("curves",), store_folder=tmp_path, say=quietly)
    assert summary.failed.keys() == {f"tiny moment seed {seed}" for seed in errors} and summary.left == []
    for seed, error in errors.items():
        assert str(error) in summary.failed[f"tiny moment seed {seed}"]
    assert results.read_study(studies[3], "curves", tmp_path) is not None


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "STUDY: got none"),
        (["resnet20:quik"], "scale: got 'quik'"),
        (["resnet20", "--parts", "curve"], "part: got 'curve'"),
        (["resnet20", "--parts", ""], "--parts: got none"),
        (["resnet20", "--repetition", "7"], "--repetition: got 7, expected 0 to"),
        (["resnet20", "--time-limit", "soon"], "got 'soon', expected a duration"),
        (["resnet20", "--keep-weights", "some"], "keep_weights: got 'some'"),
        (["resnet20", "--workers", "2"], "workers: got 2 with executor 'serial'"),
        (["resnet20", "--device", "gpu"], "LOSTPRUNE_DEVICE: got 'gpu'"),
    ],
)
def test_a_wrong_command_is_refused_before_any_work(arguments, says, store, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_DEVICE", "cpu")
    told = CliRunner().invoke(main, ["campaign", *arguments])
    assert told.exit_code in (1, 2) and says in told.output
    assert not list(store.rglob("*.safetensors"))


def test_a_study_that_fails_is_named_and_ends_the_command_with_1(store):
    networks.register("bare")(lambda num_classes: nn.Sequential(nn.AvgPool2d(8), nn.Flatten()))
    told = CliRunner().invoke(main, ["campaign", "bare:smoke"])
    assert told.exit_code == 1 and "failed: bare smoke: " in told.output and "without prunable layer" in told.output
    assert not list(store.rglob("*.safetensors"))


def test_a_dry_run_shows_and_runs_nothing(store):
    told = CliRunner().invoke(main, ["campaign", "resnet20:smoke", "--dry-run"])
    assert told.exit_code == 0 and "0 of 8 chains are done" in told.output and "left: 20 networks" in told.output
    assert not list(store.rglob("*.safetensors"))


def test_run_waits_for_whoever_trains_the_same_study(tmp_path, monkeypatch):
    study = tiny_network.moment(repetitions=1, methods=("WT",))
    said = []
    monkeypatch.setattr(Progress, "say", lambda bar, doing: said.append(doing))
    with ThreadPoolExecutor(1) as other:
        with store.claim(Checkpoints(study, tmp_path).lock_file(("parent", 0))):
            waiting = other.submit(lostprune.run, study, store=tmp_path)
            while not said and not waiting.done():
                time.sleep(0.01)
            assert "another process" in said[0] and not list(tmp_path.rglob("*.safetensors"))
        assert waiting.result()["curves"].test_error.notnull().all()
