"""papermill shows what a notebook of this package does, in a terminal and in a log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lostprune.book import papermill_engine, status_line
from lostprune.foundations import notes, progress

WORKS = """
import os, time
from lostprune.foundations.progress import Progress
with Progress(50, "resnet20 on cpu") as bar:
    bar.step(20)
    bar.say("WT, cycle 2 of 3")
    for _ in range(6000):
        if os.path.exists(HEARD):
            break
        time.sleep(0.01)
"""


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Once this file is there, the notebook ends."""
    return tmp_path / "heard"


@pytest.fixture
def notebook(tmp_path: Path, heard: Path) -> Path:
    """A notebook that is within something until it is heard of."""
    cells = [new_markdown_cell("# Slow\n\n## Training"), new_code_cell(WORKS.replace("HEARD", repr(str(heard))))]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(metadata=kernel, cells=cells), tmp_path / "slow.ipynb")
    return tmp_path / "slow.ipynb"


def test_a_log_gets_lines_and_no_warnings_of_the_kernel(
    notebook: Path, heard: Path, tmp_path: Path, capfd, monkeypatch
):
    def how_far(note: dict) -> str:
        heard.touch()
        return progress.how_far(note)

    monkeypatch.setattr(status_line, "how_far", how_far)
    monkeypatch.setattr(status_line, "LOG_EVERY", 0.2)
    for module in (status_line, papermill_engine):
        monkeypatch.setattr(module, "in_log", lambda: True)  # other tests import ipykernel
    made = papermill.execute_notebook(notebook, tmp_path / "out.ipynb")
    told = capfd.readouterr().err
    assert "slow: WT, cycle 2 of 3: 40%, about" in told
    assert "WARNING" not in told
    assert not made.cells[1].outputs  # no bar, which would move no more
    assert papermill.inspect_notebook(str(tmp_path / "out.ipynb")) == {}


def test_a_terminal_gets_a_line_below_the_bar(notebook: Path, heard: Path, tmp_path: Path):
    termios = pytest.importorskip("termios", reason="this system has no pseudo terminals")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "papermill", str(notebook), str(tmp_path / "out.ipynb")]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        told += piece
        if b"cycle 2 of 3: 40%, about" in told:
            heard.touch()
    os.close(ours)
    assert process.wait() == 0
    text = told.decode()
    assert "WT, cycle 2 of 3: 40%, about" in text and "Executing" in text
    assert "encryption" not in text


def test_what_is_said_between_computations(tmp_path: Path):
    computing = []
    line = status_line.StatusLine(
        "05", tmp_path / "note", lambda: "imports, 3 s", on_computing=lambda: computing.append("began")
    )
    assert line.words() == "05: imports, 3 s"
    notes.write(tmp_path / "note", "cifar-10-python.tar.gz", 85, 170, 10, unit="B")
    assert line.words() == "05: cifar-10-python.tar.gz: 50%, about 10 s left" and not computing
    notes.write(tmp_path / "note", "WT, cycle 1", 0, 100, 0, unit=progress.PASSES)
    assert line.words() == "05: WT, cycle 1: 0%"
    line.words()
    assert computing == ["began"]
