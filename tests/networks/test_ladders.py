"""A ladder of keep ratios falls, and a shorter one keeps its ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune import networks
from lostprune.networks.ladders import geometric, linear
from lostprune.training import Ladder

ladders = st.builds(
    networks.ladder_for, st.sampled_from(["resnet20", "densenet22"]), st.sampled_from(["nominal", "robust"])
)


@given(ladders, st.integers(1, 13))
def test_fewer_cycles_keep_the_ends_of_the_ladder(ladder, cycles):
    short = ladder.shortened(cycles, prune_only_steps=False)
    ratios = [cycle[0] for cycle in short]
    assert len(ratios) == cycles and ratios == sorted(ratios, reverse=True)
    assert ratios[0] == ladder.cycles[0][-1]
    assert cycles == 1 or ratios[-1] == ladder.cycles[-1][-1]


def test_a_ladder_can_end_early():
    ladder = networks.ladder_for("densenet22").shortened(smallest=0.1)
    assert ladder[-1][-1] == pytest.approx(0.1) and len(ladder) == 20


def test_the_first_cycle_always_stays():
    assert Ladder((0.2, 0.1)).shortened(smallest=0.3) == ((0.2,),)


def test_numbers_are_cycles_of_one_step():
    assert Ladder((0.8, (0.5, 0.4))).cycles == ((0.8,), (0.5, 0.4))


@pytest.mark.parametrize("ratios", [(), (1.0, 0.5), (0.5, 0.5), (0.5, 0.6), (0.5, 0.0), (0.5, float("nan")), ((),)])
def test_ratios_that_do_not_fall_are_refused(ratios):
    with pytest.raises(ValueError, match="expected keep ratios that fall"):
        Ladder(ratios)


@pytest.mark.parametrize("name, ladder", [("geomspace", geometric), ("linspace", linear)])
def test_a_processor_that_rounds_otherwise_gives_the_same_ladder(name, ladder, monkeypatch):
    here, numpys = ladder(0.85, 0.02, 58), getattr(np, name)
    monkeypatch.setattr(np, name, lambda *given: np.nextafter(numpys(*given), 1.0))
    assert ladder(0.85, 0.02, 58) == here
