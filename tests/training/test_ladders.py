"""Ladders of keep ratios are the original study's, and shorter ones keep their ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune.training import LADDERS, ladder_for

# As the original code (lucaslie/torchprune at 14b392c) generates them: the last ratio of a cycle is retrained.
ORIGINAL = {
    (ladder["training"], network): ladder["cycles"]
    for ladder in json.loads(Path(__file__).with_name("ladders.json").read_text())
    for network in ladder["networks"]
}


@pytest.mark.parametrize("training, network", ORIGINAL)
def test_ladders_are_the_original_studys(training, network):
    ladder = ladder_for(network, training=training)
    assert [len(cycle) for cycle in ladder] == [len(cycle) for cycle in ORIGINAL[training, network]]
    for mine, original in zip(ladder, ORIGINAL[training, network], strict=True):
        assert mine == pytest.approx(original, rel=1e-9)


def test_no_ladder_is_without_an_original():
    assert {(training, network) for training in LADDERS for network in LADDERS[training]} == set(ORIGINAL)


@given(st.sampled_from(sorted(ORIGINAL)), st.integers(1, 13))
def test_fewer_cycles_keep_the_ends_of_the_ladder(which, cycles):
    training, network = which
    ladder = ladder_for(network, cycles, prune_only_steps=False, training=training)
    ratios = [cycle[0] for cycle in ladder]
    assert len(ratios) == cycles and ratios == sorted(ratios, reverse=True)
    assert ratios[0] == pytest.approx(ORIGINAL[which][0][-1])
    assert cycles == 1 or ratios[-1] == pytest.approx(ORIGINAL[which][-1][-1])


def test_a_ladder_can_end_early():
    ladder = ladder_for("densenet22", smallest=0.1)
    assert ladder[-1][-1] == pytest.approx(0.1) and len(ladder) == 20


def test_a_network_of_ones_own_takes_resnet20s():
    assert ladder_for("mynet") == ladder_for("resnet20")
    assert ladder_for("mynet", training="robust") == ladder_for("resnet20", training="robust")


def test_an_unknown_training_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'robust'"):
        ladder_for("resnet20", training="robst")
