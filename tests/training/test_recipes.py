"""Recipes follow Table 3, and a shortened one keeps the shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune.training import RECIPES, ladder_for, recipe_for

STEPS = 352  # of an epoch: 45,000 images in batches of 128


def test_learning_rate_of_the_paper():
    recipe = RECIPES["resnet20"]
    at = {epoch: recipe.learning_rate_at(epoch * STEPS, STEPS) for epoch in (0, 1, 5, 90, 91, 136, 181)}
    assert at[0] == 0  # the first step of the warm-up does nothing
    assert at[1] == pytest.approx(0.02)
    assert at[5] == at[90] == pytest.approx(0.1)
    assert at[91] == pytest.approx(0.01)
    assert at[136] == at[181] == pytest.approx(0.001)


@given(epochs=st.integers(1, 400), step=st.integers(0, 181))
def test_a_shortened_recipe_has_the_same_learning_rate_at_the_same_place(epochs, step):
    paper = RECIPES["resnet20"]
    # One step per epoch of the paper, `factor` times as many in the shortened one: the same fraction of the run.
    assert paper.shortened(epochs, None).learning_rate_at(step * epochs, 182) == pytest.approx(
        paper.learning_rate_at(step * 182, 182)
    )


def test_the_learning_rate_scales_with_the_batch():
    assert RECIPES["resnet20"].shortened(None, 64).learning_rate == 0.05


def test_ladder_of_resnet20_is_the_original_studys():
    ladder = ladder_for("resnet20")
    assert len(ladder) == 23 and all(len(cycle) == 3 for cycle in ladder)
    assert ladder[0] == pytest.approx((0.99, 0.855, 0.85))
    assert ladder[1] == pytest.approx((0.8245227647772071, 0.7998091642774701, 0.7758363099108319))
    assert ladder[-1] == pytest.approx((0.048, 0.034, 0.02))


@given(st.integers(1, 23))
def test_fewer_cycles_keep_the_ends_of_the_ladder(cycles):
    ladder = ladder_for("resnet20", cycles, prune_only_steps=False)
    ratios = [cycle[0] for cycle in ladder]
    assert len(ratios) == cycles and ratios == sorted(ratios, reverse=True)
    assert ratios[0] == pytest.approx(0.85)
    assert cycles == 1 or ratios[-1] == pytest.approx(0.02)


def test_a_network_of_ones_own_trains_like_the_resnets():
    assert recipe_for("mynet") == RECIPES["resnet20"]
