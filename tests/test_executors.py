"""Work runs here or on Dask's workers, and one that is killed in the middle costs its cycle alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lostprune import executors, store

TESTS = Path(__file__).parent

# A study of its own: long chains, so that there is time to kill a worker within one.
SCRIPT = """
import dataclasses, json, pathlib, sys
import lostprune
from conftest import TINY
from lostprune import campaign, executors, prune_retrain
scale = dataclasses.replace(TINY, name="long", cycles=5)
study = lostprune.Study(scale=scale, methods=("WT", "FT"), repetitions=1)
if __name__ == "__main__":
    kind, folder = sys.argv[1], sys.argv[2]
    with executors.open_executor(kind, 2 if kind == "dask" else None) as workers:
        summary = campaign.run([study], ("curves",), store_folder=folder, workers=workers)
    print(json.dumps([len(summary.left), summary.failed, summary.stopped]))
"""


def start(kind: str, folder: Path, tmp_path: Path) -> subprocess.Popen:
    script = tmp_path / "grid.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    return subprocess.Popen(
        [sys.executable, str(script), kind, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )


def checkpoints(folder: Path) -> dict[str, str]:
    """The digest of every trained network, by name."""
    files = (folder / "checkpoints").glob("*/*.json")
    return {file.stem: json.loads(file.read_text())["sha256"] for file in files}


def wait_for_a_worker_within_a_chain(folder: Path, grid: subprocess.Popen) -> int:
    """The process that trains a pruned network, from the note that it leaves for whoever looks."""
    for _ in range(6000):
        for note in (folder / "running").glob("*.json"):
            try:
                said = json.loads(note.read_text())
            except (OSError, ValueError):
                continue
            if "cycle 3" in said["doing"]:
                return said["pid"]
        assert grid.poll() is None, "the grid ended before a worker was killed"
        time.sleep(0.02)
    raise AssertionError("no worker came as far as cycle 3")


def test_a_worker_that_is_killed_is_replaced_and_its_chain_goes_on(tmp_path):
    grid = start("dask", tmp_path / "dask", tmp_path)
    worker = wait_for_a_worker_within_a_chain(tmp_path / "dask", grid)
    before = {
        path: path.stat().st_mtime_ns
        for path in (tmp_path / "dask" / "checkpoints").glob("*/*.json")
        if store.is_whole(path.with_suffix(""))
    }
    os.kill(worker, signal.SIGKILL)
    assert worker != grid.pid
    told, _ = grid.communicate(timeout=300)
    assert grid.returncode == 0 and json.loads(told.splitlines()[-1]) == [0, {}, ""]
    assert {path: path.stat().st_mtime_ns for path in before} == before  # nothing that was finished was written again
    serial = start("serial", tmp_path / "serial", tmp_path)
    told, _ = serial.communicate(timeout=300)
    assert json.loads(told.splitlines()[-1]) == [0, {}, ""]
    assert len(checkpoints(tmp_path / "serial")) == 11
    assert checkpoints(tmp_path / "dask") == checkpoints(tmp_path / "serial")


def test_a_serial_executor_runs_at_once_and_keeps_errors_for_the_one_who_asks():
    with executors.open_executor() as (executor, count):
        future, failed = executor.submit(max, 1, 2), executor.submit(int, "x")
    assert count == 1 and future.result() == 2
    assert isinstance(failed.exception(), ValueError)


def test_ctrl_c_in_a_serial_task_is_for_the_caller():
    def interrupted():
        raise KeyboardInterrupt

    with executors.open_executor("serial") as (executor, _), pytest.raises(KeyboardInterrupt):
        executor.submit(interrupted)


@pytest.mark.parametrize(
    "kind, workers, says",
    [
        ("dusk", None, "executor: got 'dusk'.*did you mean 'dask'"),
        ("serial", 2, "workers: got 2 with executor 'serial'; expected --executor dask or slurm"),
        ("dask", 0, "workers: got 0"),
        ("tcp://127.0.0.1:1", 2, "a running scheduler has its own workers"),
    ],
)
def test_what_does_not_go_together_is_refused(kind, workers, says):
    with pytest.raises(ValueError, match=says), executors.open_executor(kind, workers):
        pass


def test_without_dask_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ModuleNotFoundError, match=r"pip install 'lostprune\[cluster\]'"),
        executors.open_executor("dask"),
    ):
        pass
