"""OpenMP's settings are there before torch loads, the user's own stay, and a quota limits the threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lostprune.foundations import threads


@pytest.fixture(autouse=True)
def too_late(monkeypatch: pytest.MonkeyPatch):
    """What a test sets holds for that test alone: trainings after it would try out their threads."""
    monkeypatch.setattr(threads, "too_late", threads.too_late)


def run(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Python in a process of its own, whose OpenMP settings are those given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    return subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=True
    )


def write_groups(folder: Path, own: str, **files: str) -> dict[str, Path]:
    """The control files of a system, with ``__`` for ``/`` in their names, as arguments of ``threads.quota``."""
    (folder / "groups").write_text(own)
    for name, content in files.items():
        path = folder / "mounted" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return {"groups": folder / "groups", "mounted": folder / "mounted"}


def test_the_policy_is_set_before_torch_reads_it():
    said = run("import lostprune.training, torch; torch.ones(10) + 1", OMP_DISPLAY_ENV="verbose").stderr
    assert "GOMP_SPINCOUNT = '6000'" in said or "KMP_BLOCKTIME='1'" in said.replace(" ", "")


def test_loading_the_package_loads_no_torch():
    assert run("import lostprune, sys, lostprune.cli; print('torch' in sys.modules)").stdout == "False\n"


@pytest.mark.parametrize(
    "name, value", [("OMP_WAIT_POLICY", "active"), ("GOMP_SPINCOUNT", "7"), ("KMP_BLOCKTIME", "0")]
)
def test_what_the_user_has_set_stays(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "quota", lambda: 1.0)
    environment = {name: value, "OMP_NUM_THREADS": "5"}
    threads.set_policy(environment)
    assert environment == {name: value, "OMP_NUM_THREADS": "5"}


def test_no_more_threads_than_the_quota_gives(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)
    for quota, expected in ((None, None), (12.0, None), (2.9, "2"), (0.5, "1")):
        monkeypatch.setattr(threads, "quota", lambda quota=quota: quota)
        environment = {}
        threads.set_policy(environment)
        assert environment.get("OMP_NUM_THREADS") == expected


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [threads.threads_for_each(count) for count in (1, 3, 9)] == [8, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert [threads.threads_for_each(count) for count in (1, 3)] == [3, 2]


@pytest.mark.parametrize(
    "own, files, expected",
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),  # a container
        ("0::/a/b\n", {"a__b__cpu.max": "max 100000\n", "a__cpu.max": "300000 100000\n"}, 3),
        ("0::/a\n", {"a__cpu.max": "max 100000\n"}, None),
        ("0::/a\n", {}, None),
        ("4:memory:/\n1:cpu:/a\n", {"cpu__a__cpu.cfs_quota_us": "50000", "cpu__a__cpu.cfs_period_us": "100000"}, 0.5),
        (
            "2:cpu,cpuacct:/outside\n0::/\n",  # a container: its own group is the root of what is mounted
            {"cpu,cpuacct__cpu.cfs_quota_us": "400000\n", "cpu,cpuacct__cpu.cfs_period_us": "100000\n"},
            4,
        ),
        ("1:cpu:/\n", {"cpu__cpu.cfs_quota_us": "-1\n", "cpu__cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_the_quota_is_the_smallest_of_all_groups(own: str, files: dict, expected: float | None, tmp_path: Path):
    assert threads.quota(**write_groups(tmp_path, own, **files)) == expected


def test_a_system_without_groups_has_no_quota(tmp_path: Path):
    assert threads.quota(tmp_path / "none", tmp_path) is None


SETTLED = "import lostprune.foundations.threads as t; t.settle(); print(torch.get_num_threads())"


def test_where_torch_came_first_the_faster_number_of_threads_is_found_and_logged():
    done = run(f"import torch; torch.set_num_threads(2); {SETTLED}")
    assert f"training takes {done.stdout.strip()} of 2 threads" in done.stderr
    assert done.stdout.strip() in ("1", "2")


def test_a_number_of_threads_that_the_user_has_set_is_not_tried_away():
    done = run(f"import torch; {SETTLED}", OMP_NUM_THREADS="2")
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_where_lostprune_came_first_nothing_is_tried():
    done = run(f"import lostprune, torch; torch.set_num_threads(2); {SETTLED}")
    assert (done.stdout, done.stderr) == ("2\n", "")
