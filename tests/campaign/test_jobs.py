"""What is missing is planned in the best order, and times come from what was measured."""

from __future__ import annotations

import dataclasses
import json

import pytest

from lostprune import Study, campaign
from lostprune.campaign.jobs import Job, plan
from lostprune.campaign.pace import Pace
from lostprune.foundations import device, notes, store
from lostprune.prune_retrain import Checkpoints, cells

PARTS = ("curves", "noise")


@pytest.fixture
def place(store):
    """The store's folder: `store` is the module here."""
    return store


def finish(study, cell, folder, seconds=2.0, device="CPU"):
    """A checkpoint that stands for a trained cell: plans look at names and facts, not at weights."""
    facts = {"cell": list(cell), "seconds": seconds, "device": device, "history": [{"epoch": 1}] * study.recipe.epochs}
    store.save_checkpoint(Checkpoints(study, folder).path(cell), {}, facts)


def names(jobs):
    return [" ".join(map(cells.name_of_chain, job.chains)) for job in jobs]


def test_a_repetition_is_complete_before_the_next_one_begins(study, place):
    jobs = plan([study], PARTS, place)
    assert names(jobs) == [
        "parent-r0", "separate-r0", "WT-r0", "FT-r0", "parent-r1", "separate-r1", "WT-r1", "FT-r1"
    ]  # fmt: skip
    assert jobs[3].needs == {*jobs[0].works, *jobs[1].works} and not jobs[0].needs
    assert jobs[3].parts == (PARTS,) and jobs[0].parts == ((),)


def test_separate_networks_are_trained_for_parts_that_need_them(study, place):
    assert "separate-r0" not in names(plan([study], ("curves", "shift"), place))


def test_one_repetition_can_be_picked(study, place):
    assert names(plan([study], ("curves",), place, repetition=1)) == ["parent-r1", "WT-r1", "FT-r1"]


def test_networks_that_share_a_gpu_are_one_job_for_each_gpu(study, place):
    assert names(plan([study], ("curves",), place, cohorts=1)) == ["parent-r0 parent-r1", "WT-r0 FT-r0 WT-r1 FT-r1"]
    assert [len(job.chains) for job in plan([study], ("curves",), place, cohorts=3)] == [1, 1, 1, 2, 1]


def test_studies_share_their_chains(study, place):
    wider = dataclasses.replace(study, methods=("WT", "FT", "PFP"))
    jobs = plan([study, wider], ("curves",), place)
    assert names(jobs)[-2:] == ["PFP-r0", "PFP-r1"]
    assert len({job.name for job in jobs}) == len(jobs) == 8


def test_what_is_there_is_not_planned(study, place):
    finish(study, ("parent", 0, 0), place)
    finish(study, ("WT", 0, 1), place)
    jobs = plan([study], ("curves",), place)
    assert names(jobs)[0] == "WT-r0"
    assert jobs[0].cells == (("WT", 0, 2),) and not jobs[0].needs


def test_times_come_from_the_same_device(study, place):
    finish(study, ("parent", 0, 0), place, seconds=4.0, device="GPU")
    chain = plan([study], ("curves",), place)[0]
    assert chain.cells == (("WT", 0, 1), ("WT", 0, 2))
    pace = Pace([study], place, "GPU")
    # two cycles of 4 s; and 50 images for each of 3 networks: a third of 4 s for 128 images
    assert pace.seconds(chain) == pytest.approx(8 + 4 / 128 / 3 * 50 * 3)
    assert pace.piece(chain) == pytest.approx(4)
    assert Pace([study], place, "CPU").seconds(chain) is None


def test_a_wider_scale_is_estimated_from_a_smaller_one(study, place):
    finish(study, ("parent", 0, 0), place, seconds=1.28)
    paper = dataclasses.replace(study, scale="paper")
    (parent, *_) = plan([paper], PARTS, place)
    assert Pace([study, paper], place, "CPU").seconds(parent) == pytest.approx(0.01 * 45_000 * paper.recipe.epochs)


def test_in_a_new_store_the_pace_of_what_runs_just_now_counts(study, place):
    jobs = plan([study], ("curves",), place)
    parent = jobs[0]
    assert Pace([study], place, "CPU", [parent]).seconds(jobs[1]) is None  # it has said nothing yet
    (place / "running").mkdir(parents=True)
    notes.write(parent.note(place), "parent", done=192, total=384, seconds=2.0)  # passes: 64 of 128 images
    # two cycles of 128 images, and 50 images, a third as long each, for each of 3 networks
    assert Pace([study], place, "CPU", [parent]).seconds(jobs[1]) == pytest.approx(8 + 4 / 128 / 3 * 50 * 3)


def test_damaged_manifests_do_not_spoil_estimates(study, place):
    finish(study, ("parent", 0, 0), place)
    path = Checkpoints(study, place).path(("parent", 1, 0)).with_suffix(".json")
    path.write_text(json.dumps({"seconds": "long", "device": "CPU", "history": [{}]}))
    job = Job(study, (("WT", 0),), (("WT", 0, 1),), ((),), ("WT-r0",))
    assert Pace([study], place, "CPU").seconds(job) == pytest.approx(2)


def test_a_description_says_what_is_done_running_and_left(study, place):
    here = device.provenance(device.default_device())["device"]
    finish(study, ("parent", 0, 0), place, seconds=60.0, device=here)
    job = plan([study], ("curves",), place)[0]
    job.note(place).parent.mkdir(parents=True)
    content = {"doing": "WT, cycle 1", "done": 32, "total": 128, "seconds": 10, "host": "here", "pid": 1}
    job.note(place).write_text(json.dumps(content))
    left_behind = campaign.describe([study], ("curves",), place)
    assert "0 of 4 chains are done" in left_behind and "0 running" in left_behind
    assert "left: 9 networks to train, of WT-r0 FT-r0 WT-r1 FT-r1" in left_behind
    with _claim(job, place):
        described = campaign.describe([study], ("curves",), place)
    assert "running: resnet20 tiny: WT, cycle 1" in described and "25%, about 30 s left, on here" in described
    assert "5 jobs left, 1 running" in described


def _claim(job, folder):
    return store.claim(store.lock_file(folder, job.works[0]))


def test_without_measurements_the_time_is_not_known():
    study = Study(scale="smoke")
    described = campaign.describe([study], PARTS, store.store_folder())
    assert "about ? on" in described and "not measured yet" in described
