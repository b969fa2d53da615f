"""ResNet20 is the paper's, and the registry says what it knows."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from lostprune import networks


def test_resnet20_has_the_papers_parameters_and_names():
    network = networks.build("resnet20")
    weights = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert sum(parameter.numel() for parameter in network.parameters()) == 272_474
    assert sum(weight.numel() for weight in weights) == 270_896
    assert len(weights) == 22
    names = list(dict(network.named_parameters()))
    assert names[:4] == ["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight"]
    assert {"layer2.0.downsample.0.weight", "layer3.0.downsample.1.bias", "fc.weight", "fc.bias"} < set(names)
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_resnet20_is_initialised_by_the_fan_out():
    torch.manual_seed(0)
    weight = networks.build("resnet20").layer3[2].conv2.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.02)


def test_the_number_of_classes_is_the_callers():
    assert networks.build("resnet20", num_classes=3).fc.out_features == 3


def test_an_unknown_network_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'resnet20'.*@lostprune.networks.register"):
        networks.build("resnet_20")


@pytest.mark.parametrize("name", ["my net", "../mynet", "", 3])
def test_a_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(ValueError, match="network name: got"):
        networks.register(name)


def test_a_registered_network_is_built_by_name():
    @networks.register("mynet")
    def mynet(num_classes: int = 10) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, num_classes))

    assert "mynet" in networks.names()
    assert networks.build("mynet", 4)(torch.zeros(1, 3, 32, 32)).shape == (1, 4)
    assert networks.fingerprint("mynet") and networks.fingerprint("resnet20") is None
