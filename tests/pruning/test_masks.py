"""Masks: their checks, applying them, and what they count."""

from __future__ import annotations

import copy

import pytest
import torch

from lostprune import networks, pruning
from reference.pruning_networks import random_images, random_network


def whole(network) -> pruning.Masks:
    return pruning.select(network, "WT", sum(p.numel() for p in network.parameters() if p.dim() > 1))


def test_pruned_weights_are_exactly_zero_and_the_others_untouched():
    network = random_network("residual", 0)
    masks, before = pruning.select(network, "WT", 700), copy.deepcopy(network)
    pruning.apply(network, masks)
    for name, parameter in network.named_parameters():
        expected = before.get_parameter(name)
        assert torch.equal(parameter, torch.where(masks[name], expected, 0.0) if name in masks else expected)


def test_pruned_weights_stay_zero_in_training():
    network = random_network("plain", 1)
    masks = pruning.prune(network, "FT", 0.5)
    pruning.apply(network, masks)
    network.train()
    for step in range(3):
        loss = network(random_images(4, step)).square().sum()
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            torch._foreach_sub_(list(network.parameters()), gradients)
        pruning.apply(network, masks)
        assert all((network.get_parameter(name)[~mask] == 0).all() for name, mask in masks.items())


def test_what_the_optimizer_did_to_pruned_weights_is_not_folded():
    network = random_network("plain", 1)
    masks = pruning.prune(network, "FT", 0.5)
    pruning.apply(network, masks)
    before = copy.deepcopy(network.state_dict())
    for name, mask in masks.items():
        network.get_parameter(name).data[~mask] = 0.3
    pruning.apply(network, masks)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_masks_that_come_from_a_file_change_nothing_more():
    network = random_network("plain", 1)
    masks = pruning.prune(network, "FT", 0.5)
    pruning.apply(network, masks)
    again = copy.deepcopy(network)
    pruning.apply(again, {name: mask.clone() for name, mask in masks.items()})
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in again.state_dict().items())


def test_all_parameters_count():
    network = networks.build("resnet20")
    masks = whole(network)
    assert pruning.prune_ratio(network, masks) == 0 == pruning.prune_ratio(network, {})
    masks["fc.weight"] = torch.zeros(10, 64, dtype=torch.bool)
    masks["fc.weight"][0, 0] = True
    masks["fc.bias"] = torch.arange(10) < 4
    assert pruning.prune_ratio(network, masks) == pytest.approx((639 + 6) / 272_474)


def test_masks_are_checked():
    network = random_network("residual", 0)
    masks = whole(network)
    pruning.validate(network, masks)

    def broken(name: str, mask: object) -> dict:
        return {**masks, name: mask}

    pruning.validate(network, {"conv1.weight": masks["conv1.weight"]})  # the others are kept whole
    with pytest.raises(ValueError, match="got 'conv9.weight', expected names of .* such as 'stem.weight'"):
        pruning.validate(network, broken("conv9.weight", masks["conv1.weight"]))
    with pytest.raises(ValueError, match=r"'head.weight'\]: got torch.bool \[12, 5\], expected torch.bool \[5, 12\]"):
        pruning.validate(network, broken("head.weight", masks["head.weight"].T))
    with pytest.raises(ValueError, match=r"'head.weight'\]: got torch.float32"):
        pruning.validate(network, broken("head.weight", masks["head.weight"].float()))
    with pytest.raises(ValueError, match=r"'bn1.bias'\]: got list"):
        pruning.validate(network, broken("bn1.bias", [True] * 8))
    with pytest.raises(ValueError, match="got device meta, expected cpu"):
        pruning.validate(network, broken("head.weight", masks["head.weight"].to("meta")))
    empty = broken("conv3.weight", torch.zeros_like(masks["conv3.weight"]))
    for check in (pruning.validate, pruning.apply, pruning.prune_ratio, pruning.flop_reduction):
        with pytest.raises(pruning.VanishedLayer, match="'conv3.weight'"):
            check(network, empty)
