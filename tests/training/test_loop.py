"""The training loop learns, repeats bitwise, keeps pruned weights at zero and says when it diverges."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import tiny_network  # noqa: F401  registers it
from lostprune import data, networks, pruning
from lostprune.networks import recipe_for
from lostprune.training import Diverged, Run, train, train_together
from reference import training as reference

RECIPE = recipe_for("resnet20").shortened(epochs=1, batch_size=32)
TWO = dataclasses.replace(RECIPE, epochs=2)


def fresh(seed=0, name="tiny"):
    torch.manual_seed(seed)
    return networks.build(name)


def trained(images, seed=0, recipe=RECIPE, masks=None, name="tiny", **keywords):
    network = fresh(name=name)
    history = train(network, *images, recipe, seed, masks=masks, **keywords)
    return network, history


def same(one, other):
    states = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in states)


def test_the_same_seed_repeats_bitwise_and_another_does_not(images):
    (one, _), (again, _), (other, _) = trained(images), trained(images), trained(images, seed=1)
    assert same(one, again)
    assert not same(one, other)


def test_every_image_is_seen_once_in_each_epoch_the_last_batch_included(images):
    seen = []
    trained(images, recipe=TWO, on_step=lambda count, record: seen.append((count, record)))
    assert [count for count, record in seen if record is None] == [32, 32, 16] * 2
    records = {i: record for i, (_, record) in enumerate(seen) if record is not None}
    assert list(records) == [3, 7] and [record["epoch"] for record in records.values()] == [1, 2]


def test_the_loss_falls(images):
    recipe = dataclasses.replace(RECIPE, epochs=8)
    _, history = trained(images, recipe=recipe)
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["learning_rate"] == recipe.learning_rate_at(8 * 3 - 1, 3)


def test_float32_follows_the_plain_loop(images, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "float32")
    recipe = dataclasses.replace(TWO, nesterov=True, weight_decay=5e-4)
    network, history = trained(images, recipe=recipe, seed=7, name="resnet20")
    plain = fresh(name="resnet20").train().to(memory_format=torch.channels_last)  # where rounding is the same
    optimizer, generator = reference.sgd(plain, recipe), torch.Generator().manual_seed(7)
    losses = []
    for epoch in range(2):
        order = torch.randperm(80, generator=generator)
        inputs = data.normalize(data.pad_crop_flip(images[0][order], generator))
        for i, (batch, labels) in enumerate(zip(inputs.split(32), images[1][order].split(32), strict=True)):
            optimizer.param_groups[0]["lr"] = recipe.learning_rate_at(3 * epoch + i, 3)
            losses.append(reference.step(plain, optimizer, batch.to(memory_format=torch.channels_last), labels))
    assert history[1]["loss"] == pytest.approx((32 * losses[3] + 32 * losses[4] + 16 * losses[5]) / 80, rel=1e-5)
    for (name, ours), theirs in zip(network.state_dict().items(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")


def test_together_is_bitwise_what_each_is_alone(images):
    masks = [None, *(pruning.prune(fresh(i, "resnet20"), "WT", ratio) for i, ratio in ((1, 0.5), (2, 0.2)))]
    runs = [Run(fresh(i, "resnet20"), *images, TWO, seed=i, masks=masks[i]) for i in range(3)]
    histories = train_together(runs)
    for i, run in enumerate(runs):
        alone = fresh(i, "resnet20")
        assert train(alone, *images, TWO, seed=i, masks=masks[i]) == histories[i]
        assert same(alone, run.network)


def test_pruned_weights_stay_exactly_zero(images):
    masks = pruning.prune(fresh(), "WT", 0.3)
    network, _ = trained(images, masks=masks)
    parameters = dict(network.named_parameters())
    assert all((parameters[name][~mask] == 0).all() for name, mask in masks.items())
    assert all((parameters[name][mask] != 0).float().mean() > 0.99 for name, mask in masks.items() if mask.any())


def test_a_loss_that_is_not_finite_is_said_with_epoch_and_learning_rate(images):
    with pytest.raises(Diverged, match="in epoch 1 of 1 at learning rate"):
        trained(images, recipe=dataclasses.replace(RECIPE, learning_rate=1e30, warmup_epochs=0))


def test_the_others_go_on_without_the_one_that_diverges(images):
    wild = dataclasses.replace(TWO, learning_rate=1e30, warmup_epochs=0)
    runs = [Run(fresh(i), *images, recipe, seed=0) for i, recipe in enumerate((TWO, wild, TWO))]
    first, second, third = train_together(runs)
    assert isinstance(second, Diverged) and "epoch 1 of 2" in str(second)
    assert [record["epoch"] for record in first] == [record["epoch"] for record in third] == [1, 2]
