"""The training loop learns, repeats bitwise, keeps pruned weights at zero and says when it diverges."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from lostprune import data, networks, pruning
from lostprune.training import RECIPES, Diverged, train

RECIPE = RECIPES["resnet20"].shortened(epochs=1, batch_size=32)


@pytest.fixture(scope="module")
def images():
    split = data.load("cifar10", "train")
    return split.images[:80], split.labels[:80]  # two whole batches and a smaller one


def trained(images, seed=0, recipe=RECIPE, masks=None, **keywords):
    torch.manual_seed(0)
    network = networks.build("resnet20")
    history = train(network, *images, recipe, seed, masks=masks, **keywords)
    return network, history


def test_the_same_seed_repeats_bitwise_and_another_does_not(images):
    (one, _), (same, _), (other, _) = trained(images), trained(images), trained(images, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    assert not torch.equal(one.conv1.weight, other.conv1.weight)


def test_every_image_is_seen_once_in_each_epoch_the_last_batch_included(images):
    seen = []
    trained(images, recipe=dataclasses.replace(RECIPE, epochs=2), on_step=lambda n, record: seen.append((n, record)))
    assert [count for count, _ in seen] == [32, 32, 16] * 2
    records = [record for _, record in seen if record is not None]
    assert [record["epoch"] for record in records] == [1, 2]
    assert records == [record for _, record in (seen[2], seen[5])]


def test_the_loss_falls(images):
    recipe = dataclasses.replace(RECIPE, epochs=8)
    _, history = trained(images, recipe=recipe)
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["learning_rate"] == recipe.learning_rate_at(8 * 3 - 1, 3)


def test_pruned_weights_stay_exactly_zero(images):
    torch.manual_seed(0)
    masks = pruning.prune(networks.build("resnet20"), "WT", 0.3)
    network, _ = trained(images, masks=masks)
    parameters = dict(network.named_parameters())
    assert all((parameters[name][~mask] == 0).all() for name, mask in masks.items())
    assert all((parameters[name][mask] != 0).float().mean() > 0.99 for name, mask in masks.items() if mask.any())


def test_a_loss_that_is_not_finite_is_said_with_epoch_and_learning_rate(images):
    with pytest.raises(Diverged, match="in epoch 1 of 1 at learning rate"):
        trained(images, recipe=dataclasses.replace(RECIPE, learning_rate=1e30, warmup_epochs=0))
