"""The networks are the original study's, weight for weight."""

from __future__ import annotations

import functools
import math

import pytest
import torch
from torch import nn

from lostprune import networks
from lostprune.pruning.costs import places, sample_size

# Counted on the models of the original code (lucaslie/torchprune at 14b392c): parameters, weights of convolutions and
# fully connected layers, parameters of batch norms, biases, multiply-adds, prunable layers, and samples to prune with.
COUNTS = {
    "resnet20": (272_474, 270_896, 1_568, 10, 40_813_184, 22, 183),
    "resnet56": (869_530, 856_496, 13_024, 10, 127_322_624, 86, 194),
    "resnet110": (1_704_154, 1_679_024, 25_120, 10, 247_646_720, 167, 196),
    "vgg16": (14_728_266, 14_715_584, 8_448, 4_234, 313_201_664, 14, 188),
    "densenet22": (71_686, 69_684, 1_992, 10, 31_238_322, 22, 188),
    "wrn16_8": (10_961_370, 10_954_160, 7_200, 10, 1_548_145_664, 17, 195),
}
# Weights of that code's models, in its order, which is the order that size estimates walk: the first layers ...
FIRST = {
    "resnet20": "conv1 bn1 layer1.0.conv1 layer1.0.bn1 layer1.0.conv2 layer1.0.bn2 layer1.1.conv1",
    "resnet56": "conv1 bn1 layer1.0.conv1 layer1.0.bn1 layer1.0.conv2 layer1.0.bn2 layer1.0.conv3 layer1.0.bn3 "
    "layer1.0.downsample.0 layer1.0.downsample.1 layer1.1.conv1",
    "vgg16": "features.0 features.1 features.3 features.4 features.7 features.8",
    "densenet22": "conv1 dense1.0.bn1 dense1.0.conv1 dense1.0.bn2 dense1.0.conv2 dense1.1.bn1",
    "wrn16_8": "conv1 layer1.0.bn1 layer1.0.conv1 layer1.0.bn2 layer1.0.conv2 layer1.0.downsample.0 layer1.1.bn1",
}
# ... and the last ones.
LAST = {
    "resnet20": "layer3.0.downsample.1 layer3.1.conv1 layer3.1.bn1 layer3.1.conv2 layer3.1.bn2 layer3.2.conv1 "
    "layer3.2.bn1 layer3.2.conv2 layer3.2.bn2 fc",
    "resnet110": "layer3.17.conv3 layer3.17.bn3 fc",
    "vgg16": "features.37 features.38 features.40 features.41 classifier",
    "densenet22": "trans2.conv1 dense3.0.bn1 dense3.0.conv1 dense3.0.bn2 dense3.0.conv2 dense3.1.bn1 dense3.1.conv1 "
    "dense3.1.bn2 dense3.1.conv2 dense3.2.bn1 dense3.2.conv1 dense3.2.bn2 dense3.2.conv2 bn fc",
    "wrn16_8": "layer3.1.bn1 layer3.1.conv1 layer3.1.bn2 layer3.1.conv2 bn1 fc",
}
SHAPES = {
    ("resnet56", "layer2.0.downsample.0.weight"): (128, 64, 1, 1),
    ("resnet110", "layer3.0.conv2.weight"): (64, 64, 3, 3),
    ("vgg16", "features.40.bias"): (512,),
    ("vgg16", "classifier.weight"): (10, 512),
    ("densenet22", "dense1.2.conv1.weight"): (48, 48, 1, 1),
    ("densenet22", "trans2.conv1.weight"): (33, 66, 1, 1),
    ("wrn16_8", "layer3.0.downsample.0.weight"): (512, 256, 1, 1),
}
built = functools.cache(networks.build)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_original_models(name):
    network = built(name)
    total = sum(parameter.numel() for parameter in network.parameters())
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    in_norms = sum(parameter.numel() for norm in norms for parameter in norm.parameters())
    count = places(network, (3, 32, 32))
    weights = {layer: network.get_parameter(layer).numel() for layer in count}
    in_weights = sum(weights.values())
    multiply_adds = sum(weights[layer] * count[layer] for layer in count)
    samples = sample_size(network, (3, 32, 32))
    found = total, in_weights, in_norms, total - in_weights - in_norms, multiply_adds, len(weights), samples
    assert found == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_two_images_give_two_rows_of_finite_logits(name):
    logits = built(name)(torch.rand(2, 3, 32, 32))
    assert logits.shape == (2, 10) and logits.isfinite().all()


@pytest.mark.parametrize("name", COUNTS)
def test_names_and_their_order_are_the_original_models(name):
    layers = [key.removesuffix(".weight") for key in built(name).state_dict() if key.endswith(".weight")]
    first, last = FIRST.get(name, "").split(), LAST.get(name, "").split()
    assert layers[: len(first)] == first
    assert layers[len(layers) - len(last) :] == last


@pytest.mark.parametrize("name, parameter", SHAPES)
def test_shapes_are_the_original_models(name, parameter):
    assert tuple(built(name).state_dict()[parameter].shape) == SHAPES[name, parameter]


@pytest.mark.parametrize("name", COUNTS)
def test_convolutions_are_initialised_by_the_fan_out(name):
    for module in built(name).modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 2000:
            fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
            assert module.weight.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.1)
            assert module.bias is None or not module.bias.any()


def test_the_last_layer_begins_as_in_the_original_models():
    assert built("vgg16").classifier.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not built("vgg16").classifier.bias.any() and not built("wrn16_8").fc.bias.any()
    assert built("resnet20").fc.bias.any()


@pytest.mark.parametrize("name", COUNTS)
def test_the_papers_networks_need_no_fingerprint(name):
    assert networks.fingerprint(name) is None


def test_the_number_of_classes_is_the_callers():
    assert networks.build("densenet22", num_classes=3).fc.out_features == 3
    assert networks.build("resnet20", num_classes=3)(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
