"""Multiply-adds and the number of samples."""

from __future__ import annotations

import pytest
import torch

from lostprune import networks, pruning
from reference.pruning_networks import random_network


def test_where_failures_are_likelier_fewer_samples_do():
    network = networks.build("resnet20")
    assert pruning.sample_size(network, (3, 32, 32), delta=1e-5) == 107


def test_resnet20_has_41_million_multiply_adds():
    network = networks.build("resnet20")
    masks = pruning.select(network, "WT", 270_896)
    assert pruning.flop_reduction(network, {}) == pruning.flop_reduction(network, masks) == 0
    masks["conv1.weight"][:8] = False  # 216 weights at 32 x 32 places
    masks["layer2.0.downsample.0.weight"][0] = False  # 16 weights at 16 x 16 places
    assert pruning.flop_reduction(network, masks) == pytest.approx((216 * 1024 + 16 * 256) / 40_813_184)


def test_costs_of_a_shrunk_network():
    network = networks.build("resnet20")
    assert (pruning.parameters(network), pruning.multiply_adds(network)) == (272_474, 40_813_184)
    masks = {"layer1.0.conv1.weight": torch.ones(16, 16, 3, 3, dtype=torch.bool)}
    masks["layer1.0.conv1.weight"][:4] = False  # their fresh batch norm makes 0 of 0
    shrunk = pruning.shrink(network, masks)
    assert pruning.parameters(shrunk) == 272_474 - 2 * 4 * 16 * 9 - 2 * 4
    assert pruning.multiply_adds(shrunk) == 40_813_184 - 2 * 4 * 16 * 9 * 1024
    assert pruning.prune_ratio(network, masks) == 4 * 16 * 9 / 272_474  # the paper's ratio counts one of the two


def test_convolutions_with_groups_cost_but_are_not_pruned():
    network = random_network("unnormalised", 0)
    masks = pruning.select(network, "WT", 216 + 96 + 60)
    costs = {"0.weight": 216 * 25, "2.weight": 144 * 9, "4.weight": 96 * 9, "8.weight": 60}
    assert "2.weight" not in masks
    masks["4.weight"] = torch.arange(96).view(12, 8, 1, 1) < 24
    reduction = pruning.flop_reduction(network, masks, (3, 12, 12))
    assert reduction == pytest.approx(72 * 9 / sum(costs.values()))


@pytest.mark.parametrize("method", ["WT", "FT"])
def test_multiply_adds_that_are_left_are_the_originals(method, original):
    masks = pruning.prune(original.network, method, 0.5, original.samples)
    kept = 1 - pruning.flop_reduction(original.network, masks)
    assert kept == pytest.approx(original.facts[f"{method}/0.5/flop_keep"], rel=0.005)
