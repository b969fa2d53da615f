"""Pixels are ranked as by the plain loops; what cannot be ranked is refused."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from lostprune import data, networks
from lostprune.backselect import rank_pixels
from reference import backselect as plain

from .networks import Moody, Residual, lively


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("network", [Residual, Moody])
def test_the_exact_order_is_that_of_the_plain_loop(network, images):
    network = lively(network())
    expected = plain.rank_pixels(copy.deepcopy(network).double(), images.double())
    assert torch.equal(rank_pixels(network, images), expected)


def test_a_region_targets_and_another_fill(images):
    network, among = lively(Residual(), seed=2), torch.zeros(2, 64, dtype=torch.bool)
    among[0, 9:25], among[1, 40:] = True, True
    targets = torch.tensor([4, 1])
    order = rank_pixels(network, images, targets, among=among, fill=-1.5)
    expected = plain.rank_pixels(copy.deepcopy(network).double(), images.double(), targets, among, fill=-1.5)
    assert torch.equal(order, expected)
    assert order[0, :48].tolist() == [*range(9), *range(25, 64)]


def test_the_papers_network_on_real_images():
    network = lively(networks.build("resnet20"), seed=3)
    inputs = data.normalize(data.load("cifar10", "test").images[:1])
    among = torch.zeros(1, 32, 32, dtype=torch.bool)
    among[:, 20:24, 3:8] = True
    among = among.flatten(1)
    expected = plain.rank_pixels(copy.deepcopy(network).double(), inputs.double(), among=among)
    assert torch.equal(rank_pixels(network, inputs, among=among), expected)


def test_equal_pixels_go_in_ascending_order():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 2))
    nn.init.zeros_(network[1].weight)
    ascending = torch.arange(16)[None]
    assert torch.equal(rank_pixels(network, torch.randn(1, 3, 4, 4)), ascending)
    assert torch.equal(rank_pixels(network, torch.randn(1, 3, 4, 4), search="gradient", pixels_per_step=3), ascending)


def test_confidence_that_is_1_in_float32_ties():
    """The difference between two pixels is far below the last digit of a confidence that is nearly 1."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False)).requires_grad_(False)
    network[1].weight.copy_(torch.tensor([[40.0, 41.0, 42.0, 39.0], [0.0, 0.0, 0.0, 0.0]]))
    assert rank_pixels(network, torch.ones(1, 1, 2, 2)).tolist() == [[0, 1, 2, 3]]


def test_several_pixels_a_step_are_the_best_of_that_step(images):
    network = lively(Residual())
    order = rank_pixels(network, images[:1], pixels_per_step=10)[0]
    target = network(images[:1]).argmax()
    confidence = [network(plain.masked(images[0], [pixel], 0.0)[None]).softmax(1)[0, target] for pixel in range(64)]
    assert set(order[:10].tolist()) == set(torch.stack(confidence).topk(10).indices.tolist())
    assert sorted(order.tolist()) == list(range(64))


def test_the_gradient_order_is_that_of_the_plain_loop(images):
    network = lively(Residual())
    order = rank_pixels(network, images, search="gradient", pixels_per_step=7)
    assert torch.equal(order, plain.rank_by_gradient(network, images, 7))


def test_regions_of_different_sizes_by_gradient(images):
    network, among = lively(Residual()), torch.zeros(2, 64, dtype=torch.bool)
    among[0, :3], among[1, 20:] = True, True
    order = rank_pixels(network, images, search="gradient", pixels_per_step=5, among=among)
    assert order.sort(1).values.tolist() == [list(range(64))] * 2
    assert order[0, :61].tolist() == list(range(3, 64)) and order[1, :20].tolist() == list(range(20))


def test_a_frozen_network_in_inference_mode_is_ranked_all_the_same(images):
    network = lively(Residual())
    expected = rank_pixels(network, images, search="gradient", pixels_per_step=7)
    network.requires_grad_(False).train()
    with torch.inference_mode():
        order = rank_pixels(network, images * 1, search="gradient", pixels_per_step=7)
    assert torch.equal(order, expected) and network.training


class NoGradient(Residual):
    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)


def test_a_network_that_lets_no_gradient_through_is_refused(images):
    network = lively(NoGradient())
    with pytest.raises(ValueError, match="without a gradient"):
        rank_pixels(network, images, search="gradient")
    assert rank_pixels(network, images, pixels_per_step=32).shape == (2, 64)


@pytest.mark.parametrize("search", ["exact", "gradient"])
def test_batches_are_halved_until_they_fit(search, images, caplog):
    torch.set_num_threads(1)  # with more, each gets one image, and nothing is left to halve
    expected = rank_pixels(lively(Moody()), images, search=search, pixels_per_step=8)
    order = rank_pixels(lively(Moody(most=1 if search == "gradient" else 5)), images, search=search, pixels_per_step=8)
    assert torch.equal(order, expected)
    assert "more do not fit" in caplog.text
    with pytest.raises(torch.OutOfMemoryError):
        rank_pixels(lively(Moody(most=0)), images, search=search)


class NotANumber(nn.Sequential):
    """Gives NaN for images with many black pixels."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(3 * 64, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        few = (x == 0).flatten(1).float().mean(1) < 0.5
        return super().forward(x) / few[:, None].float()


@pytest.mark.parametrize("search", ["exact", "gradient"])
def test_logits_that_are_not_numbers_are_refused(search, images):
    with pytest.raises(ValueError, match="NaN"):
        rank_pixels(NotANumber(), images, search=search, pixels_per_step=8)
    with pytest.raises(ValueError, match="NaN"):
        rank_pixels(NotANumber(), torch.zeros(1, 3, 8, 8), search=search)


@pytest.mark.parametrize(
    "wrong",
    [
        {"search": "greedy"},
        {"pixels_per_step": 0},
        {"pixels_per_step": 65},
        {"pixels_per_step": 1.5},
        {"targets": torch.tensor([1])},
        {"targets": torch.tensor([1, 5])},
        {"targets": torch.tensor([1, -1])},
        {"targets": torch.tensor([1.0, 2.0])},
        {"among": torch.ones(2, 63, dtype=torch.bool)},
        {"among": torch.ones(2, 64)},
        {"fill": torch.zeros(2)},
    ],
)
def test_wrong_arguments_are_refused(wrong, images):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: got"):
        rank_pixels(Moody(), images, **wrong)


@pytest.mark.parametrize("wrong", [{"targets": [1, 2]}, {"among": [[True] * 64] * 2}])
def test_lists_are_refused_by_name(wrong, images):
    with pytest.raises(TypeError, match=f"{next(iter(wrong))}: got a list, expected a tensor"):
        rank_pixels(Moody(), images, **wrong)


def test_images_and_outputs_of_another_shape_are_refused(images):
    with pytest.raises(ValueError, match="images: got torch.uint8"):
        rank_pixels(Moody(), images.byte())
    with pytest.raises(ValueError, match="network: got outputs"):
        rank_pixels(nn.Conv2d(3, 5, 3), images)


def test_no_images_have_no_order():
    assert rank_pixels(Moody(), torch.empty(0, 3, 8, 8)).shape == (0, 64)
