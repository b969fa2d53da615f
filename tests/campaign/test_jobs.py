"""What is missing is planned in the best order, and times come from what was measured."""

from __future__ import annotations

import dataclasses
import json

import pytest

from lostprune import Study, campaign
from lostprune.campaign.jobs import Job, plan
from lostprune.campaign.pace import Pace
from lostprune.foundations import device, store
from lostprune.prune_retrain import cells

PARTS = ("curves", "noise")


@pytest.fixture
def place(store):
    """The store's folder: `store` is the module here."""
    return store


def finish(study, cell, folder, seconds=2.0, device="CPU"):
    """A checkpoint that stands for a trained cell: plans look at names and facts, not at weights."""
    facts = {"seconds": seconds, "device": device, "history": [{"epoch": 1}] * study.recipe.epochs}
    store.save_checkpoint(cells.path_of(study, cell, folder), {}, facts)


def chains(jobs):
    return [job.chains if job.chains else job.parts for job in jobs]


def test_parents_come_first_then_the_chains_that_need_them_then_the_evaluation(study, place):
    jobs = plan([study], PARTS, place)
    assert chains(jobs) == [
        (("parent", 0),), (("parent", 1),),
        (("WT", 0),), (("FT", 0),), (("WT", 1),), (("FT", 1),),
        PARTS,
    ]  # fmt: skip
    assert jobs[3].needs == {cells.chain_name(study, ("parent", 0))} and not jobs[0].needs
    assert jobs[-1].needs == {cells.chain_name(study, job.chains[0]) for job in jobs[:-1]}


def test_networks_that_share_a_gpu_are_one_job_for_each_gpu(study, place):
    assert chains(plan([study], PARTS, place, cohorts=1)) == [
        (("parent", 0), ("parent", 1)), (("WT", 0), ("FT", 0), ("WT", 1), ("FT", 1)), PARTS
    ]  # fmt: skip
    assert [len(job.chains) for job in plan([study], PARTS, place, cohorts=3)] == [1, 1, 1, 2, 1, 0]


def test_studies_share_their_chains(study, place):
    wider = dataclasses.replace(study, methods=("WT", "FT", "PFP"))
    jobs = plan([study, wider], PARTS, place)
    assert chains(jobs)[-3:] == [(("PFP", 0),), (("PFP", 1),), PARTS]
    assert len({job.name for job in jobs}) == len(jobs) == 10
    assert cells.chain_name(study, ("WT", 1)) in jobs[-1].needs


def test_what_is_there_is_not_planned(study, place):
    finish(study, ("parent", 0, 0), place)
    finish(study, ("WT", 0, 1), place)
    jobs = plan([study], PARTS, place)
    assert chains(jobs)[0] == (("parent", 1),)
    assert jobs[1].cells == (("WT", 0, 2),) and not jobs[1].needs


def test_times_come_from_the_same_device(study, place):
    finish(study, ("parent", 0, 0), place, seconds=4.0, device="GPU")
    jobs = plan([study], PARTS, place)
    chain, evaluation = jobs[1], jobs[-1]
    pace = Pace([study], place, "GPU")
    assert chain.cells == (("WT", 0, 1), ("WT", 0, 2))
    assert pace.seconds(chain) == pytest.approx(8) and pace.piece(chain) == pytest.approx(4)
    # 50 images, and 2 levels of noise with 2 draws of 20, for each of 10 networks: a third of 4 s for 128 images
    assert pace.seconds(evaluation) == pytest.approx(4 / 128 / 3 * (50 + 80) * 10)
    assert pace.piece(evaluation) == pytest.approx(4 / 128 / 3 * 50 * 10)
    assert Pace([study], place, "CPU").seconds(chain) is None


def test_a_wider_scale_is_estimated_from_a_smaller_one(study, place):
    finish(study, ("parent", 0, 0), place, seconds=1.28)
    paper = dataclasses.replace(study, scale="paper")
    (parent, *_) = plan([paper], PARTS, place)
    assert Pace([study, paper], place, "CPU").seconds(parent) == pytest.approx(0.01 * 45_000 * paper.recipe.epochs)


def test_damaged_manifests_do_not_spoil_estimates(study, place):
    finish(study, ("parent", 0, 0), place)
    path = cells.path_of(study, ("parent", 1, 0), place).with_suffix(".json")
    path.write_text(json.dumps({"seconds": "long", "device": "CPU", "history": [{}]}))
    assert Pace([study], place, "CPU").seconds(Job(study, (("WT", 0),), (("WT", 0, 1),))) == pytest.approx(2)


def test_a_description_says_what_is_done_running_and_left(study, place):
    here = device.provenance(device.default_device())["device"]
    finish(study, ("parent", 0, 0), place, seconds=60.0, device=here)
    job = plan([study], PARTS, place)[1]
    job.note(place).parent.mkdir(parents=True)
    content = {"doing": "WT, cycle 1", "done": 32, "total": 128, "seconds": 10, "host": "here", "pid": 1}
    job.note(place).write_text(json.dumps(content))
    left_behind = campaign.describe([study], PARTS, place)
    assert "1 of 10 networks trained; results there: none" in left_behind and "0 running" in left_behind
    assert "left: 9 networks, results: curves, noise; about 12 min" in left_behind
    with _claim(job, place):
        described = campaign.describe([study], PARTS, place)
    assert "running: resnet20 tiny: WT, cycle 1, 25%, about 30 s left, on here" in described
    assert "6 jobs left, 1 running" in described


def _claim(job, folder):
    return store.claim(store.lock_file(folder, job.works[0]))


def test_without_measurements_the_time_is_not_known():
    study = Study(scale="smoke")
    described = campaign.describe([study], PARTS, store.store_folder())
    assert "about ? on" in described and "not measured yet" in described
