"""Weights whose batch norms were folded: the same function, and one that survives training mode."""

import copy

import pytest
import torch
from torch import nn

from lostprune import networks

TRAINED = (-1.0, 3.0)  # a mean and a variance that no initialisation has


@pytest.fixture
def inputs():
    return torch.randn(40, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 + 1


@pytest.fixture
def folded():
    """ResNet20 whose batch norms carry weights and biases of a trained network and no statistics."""
    torch.manual_seed(0)
    network = networks.build("resnet20").eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 1.0, 2.0)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return network


def test_function_stays(folded, inputs):
    before = folded(inputs)
    layers = [name for name, module in folded.named_modules() if isinstance(module, nn.BatchNorm2d)]
    assert networks.measure_statistics(folded, inputs) == layers
    torch.testing.assert_close(folded(inputs), before, rtol=1e-4, atol=1e-5)


def test_training_mode_computes_nearly_the_same(folded, inputs):
    expected, as_it_was = folded(inputs), copy.deepcopy(folded).train()(inputs)
    networks.measure_statistics(folded, inputs)
    assert not folded.training
    torch.testing.assert_close(folded.train()(inputs), expected, rtol=1e-2, atol=1e-3)
    assert (as_it_was - expected).abs().max() > expected.std()


def test_trained_and_fresh_layers_stay(inputs):
    network = networks.build("resnet20").eval()
    trained = network.get_submodule("bn1")
    nn.init.constant_(trained.running_mean, TRAINED[0])
    nn.init.constant_(trained.running_var, TRAINED[1])
    nn.init.constant_(trained.weight, 0.5)
    before = copy.deepcopy(network.state_dict())
    assert networks.measure_statistics(network, inputs) == []
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_channel_that_never_changes(inputs):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    nn.init.zeros_(network[0].weight)
    nn.init.constant_(network[1].weight, 0.3)
    before = network(inputs)
    networks.measure_statistics(network, inputs)
    torch.testing.assert_close(network(inputs), before)
