"""The networks for ImageNet and Pascal VOC are the original study's, and so are recipes and ladders."""

from __future__ import annotations

import pytest
import torch

from lostprune import networks
from lostprune.pruning import sample_size
from lostprune.pruning.costs import places

# Counted on the models of the original code (lucaslie/torchprune at 14b392c): classes, image size, parameters, weights
# of convolutions and fully connected layers, multiply-adds, prunable layers, samples to prune with and their delta.
COUNTS = {
    "resnet18": (1000, 224, 11_689_512, 11_678_912, 1_814_073_344, 21, 202, 1e-16),
    "resnet101": (1000, 224, 44_549_160, 44_442_816, 7_801_405_440, 105, 208, 1e-16),
    "deeplabv3_resnet50": (21, 513, 42_004_074, 41_946_816, 178_643_701_440, 63, 146, 1e-5),
}
# Of the original study's configuration files: cycles, the first and the last keep ratio.
LADDERS = {
    "resnet18": (18, 0.9, 0.10),
    "resnet101": (16, 0.9, 0.184),
    "deeplabv3_resnet50": (15, 0.8, 0.03),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_original_models(name):
    classes, size, *expected, delta = COUNTS[name]
    with torch.device("meta"):  # counting needs shapes alone
        network = networks.build(name, classes)
        count = places(network, (3, size, size))
        samples = sample_size(network, (3, size, size), delta)
    weights = {layer: network.get_parameter(layer).numel() for layer in count}
    total = sum(parameter.numel() for parameter in network.parameters())
    multiply_adds = sum(weights[layer] * count[layer] for layer in count)
    assert [total, sum(weights.values()), multiply_adds, len(weights), samples] == expected


@pytest.mark.parametrize("name", LADDERS)
def test_every_step_of_a_ladder_is_retrained(name):
    cycles, first, last = LADDERS[name]
    ladder = networks.ladder_for(name).cycles
    assert len(ladder) == cycles and all(len(cycle) == 1 for cycle in ladder)
    assert (ladder[0][0], ladder[-1][0]) == (pytest.approx(first), pytest.approx(last))


def test_the_resnets_learn_in_steps_after_a_warm_up():
    recipe = networks.recipe_for("resnet18")
    rates = [recipe.learning_rate_at(10 * epoch, 10) for epoch in (0, 5, 29, 30, 60, 80, 89)]
    assert rates == pytest.approx([0, 0.1, 0.1, 0.01, 0.001, 0.0001, 0.0001])
    assert networks.retrain_recipe_for("resnet101") == recipe and recipe.batch_size == 256


def test_the_deeplabs_rate_falls_with_every_step():
    recipe = networks.recipe_for("deeplabv3_resnet50")
    rates = [recipe.learning_rate_at(step, 10) for step in (0, 1, 225, 449)]
    assert rates == pytest.approx([0.02, 0.02 * (449 / 450) ** 0.9, 0.02 * 0.5**0.9, 0.02 * (1 / 450) ** 0.9])


def test_outputs_are_logits_of_classes_and_of_pixels():
    with torch.no_grad():
        assert networks.build("resnet18", 20).eval()(torch.rand(2, 3, 64, 64)).shape == (2, 20)
        outputs = networks.build("deeplabv3_resnet50", 21).eval()(torch.rand(1, 3, 65, 33))
    assert {name: tuple(logits.shape) for name, logits in outputs.items()} == dict.fromkeys(
        ("out", "aux"), (1, 21, 65, 33)
    )
