"""Shared fixtures: a store of its own for every test, and a study of a few seconds on real images."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator

if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):  # before torch is loaded: they share the cores
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))

import lostprune  # isort: skip  # before torch, or it comes too late to set how torch's threads wait
import pytest
import torch
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from lostprune import data, networks
from lostprune.foundations.imports import IMPORTED
from lostprune.pruning import registry

# How long an example takes depends on what else the machine is doing; no test fails for that.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

# Smaller than the scale "smoke": enough to run every line of the road on real images within seconds.
TINY = lostprune.Scale(
    "tiny",
    repetitions=2,
    train_images=128,
    test_images=50,
    epochs=1,
    retrain_epochs=1,
    batch_size=32,
    cycles=2,
    smallest_keep_ratio=0.3,
    prune_only_steps=False,
    corruptions=("brightness", "contrast"),
    noise_levels=(0.0, 0.5),
    noise_images=20,
    noise_draws=2,
    informative_images=3,
    informative_pixels_per_step=128,
)


# Their tests share what takes minutes: a book, and a store for what notebooks train.
SHARING = tuple(f"tests/book/test_{name}.py" for name in ("book", "browser", "notebooks", "written_pages"))


class ByWhatIsShared(LoadScopeScheduling):
    """Tests of a file share what it trains, those of ``SHARING`` more: each of these goes to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "book" if file in SHARING else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that it is not left over for the end."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in SHARING)


@pytest.fixture
def study() -> lostprune.Study:
    return lostprune.Study(scale=TINY, methods=("WT", "FT"))


@pytest.fixture(autouse=True)
def registered():
    """Networks, methods and data sets that a test registers are gone after it, and what it noted of imported code."""
    places = (networks.registry.REGISTERED, registry.REGISTERED, data.DATASETS, IMPORTED)
    kept = [(known, dict(known)) for known in places]
    yield
    for known, before in kept:
        known.clear()
        known.update(before)


@pytest.fixture(autouse=True)
def threads():
    """How many threads a test takes holds for that test alone."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def seeded():
    """What a test draws from torch's own generator does not depend on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """No test reads or writes the user's own results."""
    folder = tmp_path / "store"
    monkeypatch.setenv("LOSTPRUNE_STORE", str(folder))
    monkeypatch.delenv("LOSTPRUNE_RESULTS", raising=False)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests of a process: Playwright cannot be started twice in one."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine; install it (Debian: apt-get install chromium) to test what is shown")
    quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield opened
        opened.close()
        for worker in multiprocessing.active_children():  # they hold the pipe whose end Playwright waits for
            worker.kill()
