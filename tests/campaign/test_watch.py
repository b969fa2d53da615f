"""Whoever does a job is watched: it says how far it is, and stops before the limit and when its campaign stops."""

from __future__ import annotations

import os
import time

import pytest

from lostprune.campaign.board import Board
from lostprune.campaign.jobs import Job
from lostprune.campaign.watch import Watch
from lostprune.foundations import notes
from lostprune.foundations.progress import Progress, Stopped, watched_by


def test_a_piece_that_fits_no_more_is_not_begun_and_a_step_beyond_the_limit_ends_it(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (tmp_path / "ticket").touch()
    watch = Watch(tmp_path / "note.json", tmp_path / "ticket", 60.0, 20.0)
    with watched_by(watch), Progress(0, "WT") as bar:
        bar.say("cycle 1")
        now[0] += 45  # the piece took longer than expected: the next one would not fit
        with pytest.raises(Stopped, match="would not fit"):
            bar.say("cycle 2")
        bar.step(1)
        now[0] += 16
        with pytest.raises(Stopped, match="limit is reached"):
            bar.step(1)


def test_a_cycle_of_several_epochs_does_not_have_to_fit_only_an_epoch(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (tmp_path / "ticket").touch()
    watch = Watch(tmp_path / "note.json", tmp_path / "ticket", 60.0)
    with watched_by(watch), Progress(0, "WT") as bar:
        bar.say("cycle 1")
        for epoch in range(3):
            now[0] += 12
            bar.step(0, {"epoch": epoch, "loss": 1.0, "error": 0.5})
        bar.say("cycle 2")  # 24 seconds are left, an epoch takes 12


def test_a_recalled_ticket_stops_workers_elsewhere(tmp_path):
    watch = Watch(tmp_path / "note.json", tmp_path / "ticket")
    with pytest.raises(Stopped, match="the campaign stops"):
        watch.stepped(Progress(0, "WT"))


def test_a_note_says_how_far_the_job_is_until_it_ends(study, tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (tmp_path / "ticket").touch()
    job = Job(study, (("WT", 0),), (("WT", 0, 1),), ((),), ("WT-r0",))
    watch = Watch(job.note(tmp_path), tmp_path / "ticket")
    with watched_by(watch), Progress(400, "WT") as bar:
        bar.say("WT, cycle 1 of 2")
        now[0] += 10
        bar.step(100)
    note = notes.read(job.note(tmp_path))
    assert (note["doing"], note["done"], note["total"], note["pid"]) == ("WT, cycle 1 of 2", 100, 400, os.getpid())
    assert notes.seconds_left(note) == 30
    board = Board(tmp_path, workers=2)
    board.began(job)
    board.expect(600)
    line, in_all = board.words()
    assert line.startswith("resnet20 tiny: WT, cycle 1 of 2: 25%, about 30 s left, on ")
    assert in_all == "in all about 5 min left"
    board.expect(20)  # by earlier work of its kind
    assert board.words() == [line, "in all about 30 s left"]
    board.expect(600)
    watch.close()
    assert board.words() == [in_all] and notes.read(job.note(tmp_path)) is None


def test_a_note_that_cannot_be_written_does_not_stop_the_job(tmp_path):
    (tmp_path / "ticket").touch()
    watch = Watch(tmp_path / "notes" / "note.json", tmp_path / "ticket")
    (tmp_path / "notes").rmdir()
    watch.said(Progress(0, "WT"))
