"""A campaign that was never stopped, for all that has to end like it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

import tiny_network
from lostprune import Study, campaign

PARTS = ("curves", "shift")


class Finished(NamedTuple):
    """A study whose campaign was never stopped, its store, and what the campaign said."""

    study: Study
    folder: Path
    lines: list[str]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    made = Finished(tiny_network.moment(), tmp_path_factory.mktemp("finished"), [])
    with tiny_network.one_thread():
        summary = campaign.run([made.study], PARTS, store_folder=made.folder, say=made.lines.append)
    assert (summary.left, summary.failed, summary.stopped) == ([], {}, "")
    return made
