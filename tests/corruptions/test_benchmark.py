from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from lostprune.bench import corruptions as benchmark
from lostprune.cli import main
from lostprune.corruptions import NAMES


def test_every_corruption_is_measured_against_its_plain_version(monkeypatch: pytest.MonkeyPatch):
    measured = benchmark.measure(images=10, plain_images=1, runs=2)
    assert tuple(measured["corruptions"]) == NAMES
    for one in measured["corruptions"].values():
        assert one["ratio"]["runs"] == 2
        rates = (one["images_per_second"]["largest"], one["plain_images_per_second"]["smallest"])
        assert one["ratio"]["smallest"] <= rates[0] / rates[1] * 1.001
    # all of it takes as long as its parts
    seconds = sum(measured["images"] / one["images_per_second"]["largest"] for one in measured["corruptions"].values())
    assert seconds <= measured["seconds"]["smallest"] * 1.001
    assert measured["ratio"]["runs"] == 2 and measured["output_bytes"] == 10 * 3 * 32 * 32
    monkeypatch.setattr(benchmark, "measure", lambda: measured)
    told = CliRunner().invoke(main, ("bench", "corruptions", "--json"), catch_exceptions=False)
    assert json.loads(told.output) == measured
    words = CliRunner().invoke(main, ("bench", "corruptions"), catch_exceptions=False).output
    assert all(name in words for name in NAMES) and f"{measured['ratio']['median']:.0f} (" in words
