"""The recipes of the paper's networks are the original study's."""

from __future__ import annotations

import pytest

from lostprune import networks

STEPS = 352  # of an epoch: 45,000 images in batches of 128
# Of the original code's configurations (lucaslie/torchprune at 14b392c): epochs, of retraining, batch size, learning
# rate, milestones, decay, warm-up, Nesterov, weight decay. Momentum is 0.9 everywhere.
ORIGINAL = {
    "resnet20": (182, 182, 128, 0.1, [91, 136], 0.1, 5, False, 1e-4),
    "resnet56": (182, 182, 128, 0.1, [91, 136], 0.1, 5, False, 1e-4),
    "resnet110": (182, 182, 128, 0.1, [91, 136], 0.1, 5, False, 1e-4),
    "vgg16": (300, 150, 256, 0.05, [30, 60, 90, 120, 150, 180, 210, 240, 270], 0.5, 10, False, 5e-4),
    "densenet22": (300, 300, 64, 0.1, [150, 225], 0.1, 10, True, 1e-4),
    "wrn16_8": (200, 200, 128, 0.1, [60, 120, 160], 0.2, 5, True, 5e-4),
}


@pytest.mark.parametrize("network", ORIGINAL)
def test_recipes_are_the_original_studys(network):
    epochs, retrain_epochs, batch_size, rate, milestones, decay, warmup, nesterov, weight_decay = ORIGINAL[network]
    train, retrain = networks.recipe_for(network), networks.retrain_recipe_for(network)
    for recipe, length in ((train, epochs), (retrain, retrain_epochs)):
        assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (length, batch_size, rate)
        assert list(recipe.milestones) == [milestone for milestone in milestones if milestone < length]
        assert (recipe.decay, recipe.warmup_epochs) == (decay, warmup)
        assert (recipe.momentum, recipe.nesterov, recipe.weight_decay) == (0.9, nesterov, weight_decay)


def test_learning_rate_of_the_paper():
    recipe = networks.recipe_for("resnet20")
    at = {epoch: recipe.learning_rate_at(epoch * STEPS, STEPS) for epoch in (0, 1, 5, 90, 91, 136, 181)}
    assert at[0] == 0  # the first step of the warm-up does nothing
    assert at[1] == pytest.approx(0.02)
    assert at[5] == at[90] == pytest.approx(0.1)
    assert at[91] == pytest.approx(0.01)
    assert at[136] == at[181] == pytest.approx(0.001)


def test_vgg16_retrains_on_the_first_half_of_its_learning_rates():
    train, retrain = networks.recipe_for("vgg16"), networks.retrain_recipe_for("vgg16")
    rates = [train.learning_rate_at(epoch * 176, 176) for epoch in range(150)]
    assert rates == [retrain.learning_rate_at(epoch * 176, 176) for epoch in range(150)]
    assert rates[-1] == pytest.approx(0.05 / 2**4)
