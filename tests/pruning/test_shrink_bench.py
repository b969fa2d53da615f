"""The benchmark of shrunk networks."""

from __future__ import annotations

import pytest

from lostprune.bench import shrink


def test_what_is_measured():
    measured = shrink.measure("resnet20", runs=1, removed=(0.5,), batch_sizes=(1,), methods=("uniform", "FT"))
    uniform, filters = measured["networks"]
    # half the filters everywhere, and one channel for the constants that the others leave
    assert uniform["parameters"] < 0.3 * measured["parameters"] == 0.3 * 272_474
    assert uniform["multiply_adds"] < 0.3 * measured["multiply_adds"]
    assert filters["prune_ratio"] == pytest.approx(1 - uniform["parameters"] / 272_474, abs=0.02)
    assert measured["ratio"]["runs"] == 1
    words = shrink.in_words(measured)
    assert "FT, to as many parameters as 50% of filters removed" in words and "times as fast" in words
