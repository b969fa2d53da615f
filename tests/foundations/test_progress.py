"""Progress is a line now and then in a log, a bar in a terminal, and a message to whoever watches."""

from __future__ import annotations

import sys

import pytest

from lostprune.foundations import notes, progress
from lostprune.foundations.progress import Progress, Stopped, in_words, watched_by


class Listener:
    def __init__(self):
        self.heard = []

    def said(self, bar):
        self.heard.append(bar.title)

    def stepped(self, bar):
        self.heard.append(bar.done)

    def ended(self, bar):
        self.heard.append("end")


@pytest.fixture
def log(monkeypatch):
    """What is shown goes into a file, as far as progress can tell; other tests import ipykernel."""
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)


def test_a_log_gets_lines_not_bars(log, capsys):
    with Progress(100, "Training") as bar:
        bar.say("WT, cycle 1")
        bar.step(50, {"epoch": 1, "loss": 2.0, "error": 0.5})
    assert capsys.readouterr().err == "WT, cycle 1: 50%, about 0 s left epoch 1, loss 2.000, error 50.0%\n"


def test_a_log_gets_lines_while_nothing_is_done(log, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LOG_EVERY", 0.01)
    with Progress(100, "frost"):
        told = ""
        while told.count("\n") < 2:  # without end if there were no lines
            told += capsys.readouterr().err
    assert told.startswith("frost: 0%\n")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_what_an_earlier_run_did_does_not_shorten_the_time_left(log, clock, capsys):
    with Progress(1000, "Training") as bar:
        bar.skip(600)
        clock[0] += 10
        bar.step(100)
        assert notes.seconds_left(bar.note()) == 30
        bar.step(300)
    assert capsys.readouterr().err == "Training: 100%, about 0 s left\n"


def test_no_time_left_is_said_before_a_hundredth_is_done(clock):
    bar = Progress(0, "")
    bar.total = 1100
    bar.skip(100)
    clock[0] += 60
    assert notes.seconds_left(bar.note()) is None
    bar.step(9)
    assert notes.seconds_left(bar.note()) is None
    bar.step(1)
    assert notes.seconds_left(bar.note()) == 60 * 99


def test_a_terminal_keeps_the_pace_of_what_is_done(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(1000, "Training") as bar:
        bar.skip(600)
        bar.step(100)
        shown = bar.watch.bar.format_dict
        assert (shown["n"], shown["initial"]) == (700, 600)
    assert "700" in capsys.readouterr().err


def test_a_program_that_shows_a_notebooks_progress_gets_a_note(monkeypatch, tmp_path, capsys):
    path = tmp_path / "note.json"
    monkeypatch.setenv(progress.VARIABLE, str(path))
    with Progress(100, "resnet20 on cpu") as bar:
        bar.step(25)
        bar.say("WT, cycle 1")
        note = notes.read(path)
        assert (note["doing"], note["done"], note["total"]) == ("WT, cycle 1", 25, 100)
        bar.step(75)
    assert notes.read(path) is None and capsys.readouterr().err == ""


def test_nothing_to_do_leaves_the_note_of_others(monkeypatch, tmp_path):
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "note.json"))
    with Progress(100, "outer"):
        with Progress(0, "inner") as inner:
            inner.say("worker")
        assert notes.read(tmp_path / "note.json")["doing"] == "outer"


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(100, "Training") as bar:
        bar.say("WT, cycle 1")
        bar.step(100)
    shown = capsys.readouterr().err
    assert "WT, cycle 1" in shown and "100%" in shown and "\n" in shown


def test_nothing_is_shown_where_there_is_nothing_to_do(capsys):
    with Progress(0, "Training") as bar:
        bar.say("WT")
        bar.step(10)
    assert capsys.readouterr().err == ""


def test_a_watch_is_told_and_nothing_is_shown(capsys):
    listener = Listener()
    with watched_by(listener), Progress(100, "Training") as bar:
        bar.say("WT")
        bar.step(60)
        bar.step(40)
    assert listener.heard == ["WT", 60, 100, "end"] and capsys.readouterr().err == ""
    assert Progress(0, "").watch is None


def test_work_that_falls_back_on_errors_does_not_swallow_a_stop():
    class Impatient(Listener):
        def stepped(self, bar):
            raise Stopped("enough")

    with pytest.raises(Stopped, match="enough"), watched_by(Impatient()):
        try:
            Progress(1, "").step(1)
        except Exception:
            pass


@pytest.mark.parametrize(
    "seconds, words",
    [(None, "?"), (0.4, "0 s"), (99, "99 s"), (100, "2 min"), (3599, "1 h 00 min"), (11_111, "3 h 05 min")],
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert in_words(seconds) == words
