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

from lostprune.campaign import executors
from lostprune.foundations import store
from tiny_network import digests

TESTS = Path(__file__).parents[1]
SLURM = TESTS.parent / "book" / "slurm.sh"

SCRIPT = """
import json, sys
from lostprune import campaign
from lostprune.campaign import executors
from tiny_network import moment
study = moment(repetitions=1)
if __name__ == "__main__":
    with executors.open_executor("dask", 2) as workers:
        summary = campaign.run([study], ("curves",), store_folder=sys.argv[1], workers=workers)
    print(json.dumps([len(summary.left), summary.failed, summary.stopped]))
"""


def start_grid(folder: Path, tmp_path: Path) -> subprocess.Popen:
    """Two Dask workers on a store of their own."""
    script = tmp_path / "grid.py"
    script.write_text(SCRIPT)
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
        "DASK_DISTRIBUTED__WORKER__PRELOAD": "tiny_network",  # workers must know the network, too
    }
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )


def wait_for_a_worker_within_a_chain(folder: Path, grid: subprocess.Popen) -> int:
    """The process that trains a pruned network, from the note that it leaves for whoever looks."""
    for _ in range(6000):
        for note in (folder / "running").glob("*.json"):
            try:
                said = json.loads(note.read_text())
            except (OSError, ValueError):
                continue
            if "cycle 2" in said["doing"]:
                return said["pid"]
        assert grid.poll() is None, "the grid ended before a worker was killed"
        time.sleep(0.02)
    raise AssertionError("no worker came as far as cycle 2")


def test_a_worker_that_is_killed_is_replaced_and_its_chain_goes_on(finished, tmp_path):
    grid = start_grid(tmp_path / "dask", tmp_path)
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
    assert len(digests(tmp_path / "dask")) == 9
    assert digests(tmp_path / "dask") == digests(finished.folder, "r0")


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
    says = r"pip install 'lostprune\[cluster\]'"
    with pytest.raises(ModuleNotFoundError, match=says), executors.open_executor("dask"):
        pass


def test_a_job_for_slurm_asks_for_what_a_chain_needs():
    code = """
from dask_jobqueue import SLURMCluster
from lostprune.campaign import executors
settings = executors.slurm_settings({
    "cores": 8, "memory": "32GB", "queue": "gpu", "walltime": "12:00:00", "job_extra_directives": ["--gres=gpu:1"],
})
with SLURMCluster(**settings, scheduler_options={"dashboard": False}) as cluster:
    print(cluster.job_script())
"""
    job = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for line in ("#SBATCH -p gpu", "#SBATCH -t 12:00:00", "#SBATCH --gres=gpu:1", "#SBATCH --cpus-per-task=8"):
        assert line in job.splitlines()
    assert "--nthreads 1" in job


@pytest.mark.parametrize("code, requeued", [(0, False), (75, True), (1, False)])
def test_the_script_for_slurm_is_requeued_only_when_it_was_stopped_early(tmp_path, code, requeued):
    ran = run_slurm_script(tmp_path, f"exit {code}").wait()
    assert (tmp_path / "requeued").exists() == requeued
    assert ran == (0 if requeued else code)


def test_the_script_for_slurm_passes_sigterm_on_and_waits(tmp_path):
    ran = run_slurm_script(tmp_path, "trap 'sleep 0.2; exit 75' TERM; touch begun; while :; do sleep 0.05; done")
    while not (tmp_path / "begun").exists():
        assert ran.poll() is None
        time.sleep(0.02)
    ran.send_signal(signal.SIGTERM)
    assert ran.wait() == 0 and (tmp_path / "requeued").read_text() == "requeue 17\n"


def run_slurm_script(folder: Path, campaign: str) -> subprocess.Popen:
    """The script with a ``lostprune`` that does what is given, and an ``scontrol`` that notes what it was asked."""
    subprocess.run(["bash", "-n", SLURM], check=True)
    for name, does in (("lostprune", campaign), ("scontrol", 'echo "$@" > requeued')):
        (folder / name).write_text(f"#!/bin/bash\n{does}\n")
        (folder / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "17"}
    return subprocess.Popen(["bash", SLURM, "resnet20:quick"], cwd=folder, env=environment)
