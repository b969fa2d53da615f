"""The ladders of keep ratios are the original study's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lostprune import networks

# As the original code (lucaslie/torchprune at 14b392c) generates them: the last ratio of a cycle is retrained.
ORIGINAL = {
    (ladder["training"], network): ladder["cycles"]
    for ladder in json.loads(Path(__file__).with_name("ladders.json").read_text())
    for network in ladder["networks"]
}


@pytest.mark.parametrize("training, network", ORIGINAL)
def test_ladders_are_the_original_studys(training, network):
    cycles = networks.ladder_for(network, training).cycles
    assert [len(cycle) for cycle in cycles] == [len(cycle) for cycle in ORIGINAL[training, network]]
    for mine, original in zip(cycles, ORIGINAL[training, network], strict=True):
        assert mine == pytest.approx(original, rel=1e-9)


def test_an_unknown_training_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'robust'"):
        networks.ladder_for("resnet20", "robst")
