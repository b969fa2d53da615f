"""What a kind of training makes of images, and what networks then see."""

from __future__ import annotations

import pytest
import torch

import tiny_network  # noqa: F401  registers it
from lostprune import corruptions, data, networks
from lostprune.networks import recipe_for
from lostprune.training import TRAIN_CORRUPTIONS, Run, alter, train
from lostprune.training.trainer import Trainer

RECIPE = recipe_for("resnet20").shortened(epochs=1, batch_size=32)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_nominal_training_alters_and_draws_nothing(images):
    generator = seeded()
    before = generator.get_state()
    assert alter(images[0], "nominal", generator) is images[0]
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("training", ["robust", "augmix"])
def test_grey_images_are_altered_as_coloured_ones_of_one_colour(images, training):
    grey = images[0][:30, :1]
    altered = alter(grey, training, seeded())
    assert altered.shape == grey.shape and not torch.equal(altered, grey)
    assert torch.equal(altered, alter(grey.expand(-1, 3, -1, -1), training, seeded())[:, :1])


@pytest.mark.parametrize("category", corruptions.CATEGORIES)
def test_a_category_can_be_left_out(category):
    left = set(TRAIN_CORRUPTIONS["robust"]) - set(TRAIN_CORRUPTIONS[f"robust-without-{category}"])
    assert left == set(TRAIN_CORRUPTIONS["robust"]) & set(corruptions.CATEGORIES[category]) != set()


def test_robust_training_corrupts_at_severity_3_with_the_constants_of_cifar10c(images):
    names = TRAIN_CORRUPTIONS["robust"]
    expected = corruptions.corrupt_mixed(images[0], names, 3, "cifar10-c", seeded(4))
    assert torch.equal(alter(images[0], "robust", seeded(4)), expected)


def test_every_epoch_alters_the_images_anew_and_crops_and_flips_them_afterwards(images):
    trainer = Trainer(Run(networks.build("tiny"), *images, RECIPE, seed=0, training="robust"))
    generator = seeded()
    for _ in range(2):
        trainer.begin_epoch()
        order = torch.randperm(80, generator=generator)
        expected = data.pad_crop_flip(alter(images[0][order], "robust", generator), generator)
        assert torch.equal(trainer.feed.images, expected) and torch.equal(trainer.feed.labels, images[1][order])


def test_each_kind_of_training_is_repeatable_and_another_one(images):
    weights = {}
    for training in ("nominal", "robust", "augmix"):
        for _ in range(2):
            torch.manual_seed(0)
            network = networks.build("tiny")
            train(network, *images, RECIPE, seed=0, training=training)
            first = weights.setdefault(training, network[0].weight)
            assert torch.equal(first, network[0].weight)
    assert len({weight.sum().item() for weight in weights.values()}) == 3


def test_an_unknown_training_is_answered_with_the_nearest(images):
    with pytest.raises(ValueError, match="training: got 'robst', .*did you mean 'robust'"):
        alter(images[0], "robst", seeded())
