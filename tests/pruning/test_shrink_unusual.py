"""Shrinking networks with shared parameters, constants, and outputs that are no tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from lostprune import pruning
from lostprune.pruning.flow import tensors
from reference.pruning_networks import random_images


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3), nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> object:
        return self.fc(self.b(self.a(x).relu()).relu().mean((2, 3)))


class Labelled(Net):
    def forward(self, x: torch.Tensor) -> dict:
        return {"out": super().forward(x), "auxiliary": None, "count": 3}


class Positions(Net):
    def __init__(self):
        super().__init__()
        self.positions, self.project = nn.Parameter(torch.randn(1, 16, 10, 10)), nn.Conv2d(16, 16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.b(self.a(x).relu() + self.project(self.positions)).relu().mean((2, 3)))


class TiedBiases(Net):
    def __init__(self):
        super().__init__()
        self.b.bias = self.a.bias


class NormTwice(Net):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(16, affine=False)
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.norm(self.b(self.norm(self.a(x)).relu())).relu().mean((2, 3)))


class Unused(Net):
    def __init__(self):
        super().__init__()
        self.unused = nn.Conv2d(16, 16, 3)
        self.unused.weight = self.b.weight


def made(kind: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind().eval()
    network.a.weight.data[:8] *= 0.01  # what goes; where channels are tied, what both lose
    network.b.weight.data[4:12] *= 0.01
    return network


@pytest.mark.parametrize("kind", [Labelled, Positions, TiedBiases, NormTwice, Unused])
def test_it_gets_smaller_and_computes_the_same(kind):
    network, images = made(kind), random_images(4, 0)
    masks = pruning.prune(network, "FT", 0.5, images)
    shrunk, masked = pruning.shrink(network, masks, (3, 12, 12)), copy.deepcopy(network)
    pruning.apply(masked, masks)
    with torch.no_grad():
        for found, expected in zip(tensors(shrunk(images)), tensors(masked(images)), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert pruning.parameters(shrunk) < pruning.parameters(network)


def test_a_layer_that_is_not_called_still_shares_its_weight():
    network = made(Unused)
    shrunk = pruning.shrink(network, pruning.prune(network, "FT", 0.6))
    assert shrunk.unused.weight is shrunk.b.weight
    assert list(shrunk.unused.weight.shape[:2]) == [shrunk.unused.out_channels, shrunk.unused.in_channels]


def test_an_attribute_that_is_a_tensor_is_refused_by_name():
    class Transposed(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.b(self.a(x).relu()).relu().flatten(2).mT.mean(1))

    network = made(Transposed)
    with pytest.raises(pruning.UnsupportedOperation, match="attribute 'mT'"):
        pruning.shrink(network, pruning.prune(network, "FT", 0.6))


@pytest.mark.parametrize("further", ["mask=None", "scale=1", "size=(8, 8)", "**options"])
def test_a_forward_that_takes_more_than_images(further):
    names = {"torch": torch}
    exec(f"def forward(self, x, {further}):\n    return self.fc(self.b(self.a(x).relu()).relu().mean((2, 3)))", names)
    net = type("More", (Net,), {"forward": names["forward"]})().eval()
    masks = pruning.prune(net, "FT", 0.5)
    pruning.apply(net, masks)
    images = random_images(3, seed=0)
    assert torch.allclose(pruning.shrink(net, masks)(images), net(images), atol=1e-5)
