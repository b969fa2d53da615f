"""Training on image files gives what a plain loop over the same batches gives, for images and for masks."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fixtures import trees
from lostprune import data
from lostprune.training import Recipe, train

RECIPE = Recipe(2, 4, 0.05, milestones=(), decay=1.0, warmup_epochs=0, polynomial_power=0.9)


class Segmenter(nn.Module):
    """A head and an auxiliary one, as torchvision's networks have them; its global pooling cannot see one image."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(8))
        self.head, self.auxiliary = nn.Conv2d(8, 21, 1), nn.Conv2d(8, 21, 1)

    def forward(self, x):
        features = self.features(x)
        heads = {"out": self.head(features + self.pooled(features)), "aux": self.auxiliary(features)}
        return {name: nn.functional.interpolate(logits, x.shape[2:]) for name, logits in heads.items()}


def classifier() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


@pytest.fixture(params=["imagenet", "voc"])
def case(request, tmp_path, monkeypatch):
    """Name of a data set, its training split, a network for it and a size."""
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "float32")
    torch.manual_seed(0)
    if request.param == "voc":
        trees.voc(tmp_path)
        return "voc", data.load("voc", "train", tmp_path), Segmenter(), 33
    trees.imagenet_folders(tmp_path / "imagenet")
    network = classifier()
    network(torch.zeros(1, 3, 32, 32))
    return "imagenet", data.load("imagenet", "train", tmp_path), network, 32


def plain(name, split, network, size, seed):
    """The same draws, batches and steps, written down one after the other."""
    task, generator = data.DATASETS[name].task, torch.Generator().manual_seed(seed)
    view = data.train_view(data.DATASETS[name], size)
    count = len(split.labels)
    sizes = {9: [4, 5], 3: [3]}[count]  # a single image that is left over joins the batch before
    optimizer = torch.optim.SGD(network.parameters(), lr=RECIPE.learning_rate, momentum=0.9, weight_decay=1e-4)
    step, losses = 0, []
    for _ in range(RECIPE.epochs):
        order = torch.randperm(count, generator=generator)
        seed = torch.randint(2**62, (), generator=generator).item()
        losses.append(0.0)
        for images, labels in data.batches(split, view, sizes, order, seed):
            for group in optimizer.param_groups:
                group["lr"] = RECIPE.learning_rate_at(step, len(sizes))
            loss = task.loss(network(data.normalize(images, name)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item() * len(labels) / count
            step += 1
    return losses


def test_it_is_the_plain_loop_over_the_same_batches(case):
    name, split, network, size = case
    other = copy.deepcopy(network)
    history = train(network, split.images, split.labels, RECIPE, 7, name, image_size=size)
    losses = plain(name, split, other.train(), size, 7)
    assert [record["loss"] for record in history] == pytest.approx(losses, rel=1e-5)
    for (key, value), expected in zip(network.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5, msg=key)


def test_the_error_is_the_tasks_and_the_number_of_workers_changes_nothing(case, monkeypatch):
    name, split, network, size = case
    histories = []
    for workers in ("0", "2"):
        monkeypatch.setenv("LOSTPRUNE_WORKERS", workers)
        histories.append(train(copy.deepcopy(network), split.images, split.labels, RECIPE, 7, name, image_size=size))
    assert histories[0] == histories[1]
    assert all(0 < record["error"] <= 1 for record in histories[0])


def test_pruned_weights_stay_zero(case):
    name, split, network, size = case
    key, weight = next(iter(network.named_parameters()))
    masks = {key: torch.rand(weight.shape, generator=torch.Generator().manual_seed(0)) < 0.5}
    train(network, split.images, split.labels, RECIPE, 7, name, masks, image_size=size)
    assert torch.equal(weight != 0, masks[key])


def test_grey_images_of_many_sizes_can_be_trained_on():
    random = torch.Generator().manual_seed(0)
    images = [torch.randint(256, (1, 10 + i, 12), dtype=torch.uint8, generator=random) for i in range(8)]
    split = data.Split(images, torch.arange(8) % 2, ("a", "b"))
    data.register("grey", split, split, mean=0.5, std=0.5, image_size=8)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    history = train(network, split.images, split.labels, RECIPE, 7, "grey", image_size=8)
    assert len(history) == RECIPE.epochs
