"""A recipe gives every step its learning rate, and a shortened one keeps the shape."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune.training import Recipe

STEPPED = Recipe(182, 128, 0.1, milestones=(91, 136), decay=0.1, warmup_epochs=5)
POLYNOMIAL = Recipe(45, 32, 0.02, milestones=(), decay=1.0, warmup_epochs=2, polynomial_power=0.9)


@given(recipe=st.sampled_from([STEPPED, POLYNOMIAL]), epochs=st.integers(1, 400))
def test_a_shortened_recipe_has_the_same_learning_rate_at_the_same_place(recipe, epochs):
    shortened = recipe.shortened(epochs, None)
    # In the middle of each epoch: rounding decides on which side of a milestone its own step falls.
    for middle in range(1, 2 * recipe.epochs, 2):
        rate = shortened.learning_rate_at(middle * epochs, 2 * recipe.epochs)
        assert rate == pytest.approx(recipe.learning_rate_at(middle, 2))


def test_polynomial_decay_falls_with_every_step():
    """Table 7: 0.02 times (1 - step / total steps) to the power 0.9."""
    recipe = dataclasses.replace(POLYNOMIAL, warmup_epochs=0)
    rates = [recipe.learning_rate_at(step, 10) for step in range(450)]
    assert rates == pytest.approx([0.02 * (1 - step / 450) ** 0.9 for step in range(450)])


def test_the_learning_rate_scales_with_the_batch():
    assert STEPPED.shortened(None, 64).learning_rate == 0.05


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"batch_size": 0}, {"learning_rate": 0.0}, {"learning_rate": float("nan")}]
)
def test_a_recipe_that_cannot_train_is_refused(wrong):
    with pytest.raises(ValueError, match=f"got {next(iter(wrong))}"):
        dataclasses.replace(STEPPED, **wrong)
