"""Kernels that are forked with the libraries imported: as fresh as any other, and gone when they should be."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from lostprune.book import kernels
from run_cells import run_cells, run_preloaded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is safe on Linux alone")


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[..., list[str]]]:
    """What each cell prints, run in a process as those that run pages."""
    spawn = multiprocessing.get_context("spawn")
    with pytest.MonkeyPatch.context() as patch, ProcessPoolExecutor(1, spawn, kernels.preload) as process:
        patch.setenv("FOR_THE_KERNEL", "this")
        yield lambda *args, **options: process.submit(run_cells, *args, **options).result()


def test_a_kernel_has_the_libraries_at_once_and_runs_where_it_is_asked_to(run, tmp_path: Path):
    here, *loaded = run(
        tmp_path,
        "import os, sys; print(os.getcwd(), os.environ['FOR_THE_KERNEL'])",
        *(f"print({name!r} in sys.modules)" for name in ("torch", "holoviews", "lostprune.figures")),
        "import matplotlib; print('inline' in matplotlib.get_backend())",
    )
    assert here == f"{tmp_path} this"
    assert loaded == ["True"] * 4


def test_a_figure_is_shown(run, tmp_path: Path):
    show = "print(get_ipython().display_formatter.format(hv.Curve([1, 2, 1]))[0].keys())"
    (shown,) = run(tmp_path, f"import holoviews as hv; hv.extension('bokeh', logo=False); {show}")
    assert "text/html" in shown


def test_a_kernel_knows_nothing_of_the_one_before(run, tmp_path: Path):
    run(tmp_path, "import lostprune.networks; lostprune.networks.left_behind = 1")
    assert run(tmp_path, "import lostprune.networks; print(hasattr(lostprune.networks, 'left_behind'))") == ["False"]


def test_a_kernel_can_start_processes_of_its_own(run, tmp_path: Path):
    load = "from torch.utils.data import DataLoader; print(sorted(map(int, DataLoader(range(4), num_workers=2))))"
    assert run(tmp_path, load) == ["[0, 1, 2, 3]"]


def test_a_kernel_that_dies_is_an_error(run, tmp_path: Path):
    with pytest.raises(DeadKernelError):
        run(tmp_path, "import os; os._exit(3)")


WAITING = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"


def wait_until_gone(pid: int) -> None:
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there after a minute")


def test_a_kernel_is_gone_after_its_notebook_even_if_a_cell_took_too_long(run, tmp_path: Path):
    with pytest.raises(CellTimeoutError):
        run(tmp_path, WAITING, timeout=3)
    wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_kernel_is_gone_when_the_process_that_runs_the_page_is_killed(tmp_path: Path):
    page = multiprocessing.get_context("spawn").Process(target=run_preloaded, args=(tmp_path, WAITING))
    page.start()
    while page.is_alive() and not (tmp_path / "pid").is_file():
        time.sleep(0.1)
    page.kill()
    page.join()
    wait_until_gone(int((tmp_path / "pid").read_text()))
