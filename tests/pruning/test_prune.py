"""Pruning to a keep ratio."""

from __future__ import annotations

import copy
import logging
import re

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lostprune import networks, pruning
from lostprune.pruning.connectivity import Connectivity
from lostprune.pruning.layers import along
from lostprune.pruning.masks import zero
from lostprune.pruning.silence import silent_channels
from reference.pruning_networks import TOPOLOGIES, random_images, random_network

EVERYTHING = 272_474  # parameters of ResNet20


def weights_per_layer(masks: pruning.Masks) -> list[int]:
    return [int(mask.sum()) for mask in masks.values() if mask.dim() > 1]


def equal(some: pruning.Masks, others: pruning.Masks) -> bool:
    return some.keys() == others.keys() and all(torch.equal(mask, others[name]) for name, mask in some.items())


def within(inner: pruning.Masks, outer: pruning.Masks) -> bool:
    return all(name in inner and (inner[name] <= mask).all() for name, mask in outer.items())


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return networks.build("resnet20")


# Against the original


@pytest.mark.parametrize("keep_ratio", [0.85, 0.5, 0.2, 0.05])
@pytest.mark.parametrize("method", pruning.METHODS)
def test_what_is_left_is_what_the_original_leaves(method, keep_ratio, original, original_scores):
    masks = pruning.prune(original.network, method, keep_ratio, original.samples, scores=original_scores[method])
    kept = 1 - pruning.prune_ratio(original.network, masks)
    assert kept == pytest.approx(keep_ratio, rel=0.025 if method == "FT" else 0.006)  # FT moves in whole filters
    found = torch.tensor(weights_per_layer(masks))
    expected = torch.from_numpy(original.facts[f"{method}/{keep_ratio}/final_per_layer"])[:, 0]
    # The original spends about a tenth of its smallest networks on the batch norms of channels that are gone.
    assert found.sum() / expected.sum() == pytest.approx(1, abs=0.01 if keep_ratio >= 0.5 else 0.12)
    if method in ("WT", "SiPP"):
        largest = {0.85: 0.0, 0.5: 0.0, 0.2: 0.06, 0.05: 0.3}[keep_ratio]
        assert (found / expected - 1).abs().max() <= largest


@pytest.mark.parametrize(
    "method, keep_ratio",
    # Of PFP's equal channels the original takes other ones, so that other parts are dead in its small networks.
    [
        (method, ratio)
        for method in pruning.METHODS
        for ratio in (0.85, 0.5, 0.2, 0.05)
        if (method, ratio > 0.2) != ("PFP", False)
    ],
)
def test_dead_parts_are_the_originals(method, keep_ratio, original, original_scores):
    network = copy.deepcopy(original.network).requires_grad_(False)
    scores = original_scores[method]
    masks = pruning.select(network, method, original.budget(keep_ratio), original.samples, scores)
    connectivity, drop_constants = Connectivity(network), method in ("FT", "PFP")
    zero(network, masks)
    every = {name: torch.ones(mask.shape[1], dtype=torch.bool) for name, mask in masks.items()}
    silent = silent_channels(network, every, original.samples, every if drop_constants else {})
    for name, channels in silent.items():
        masks[name] &= ~along(channels, 1, masks[name])
    live = connectivity.live(connectivity.without_constants(masks) if drop_constants else masks)
    expected = original.facts[f"{method}/{keep_ratio}/once_per_layer"][:, 0].tolist()
    for name, found, theirs in zip(masks, weights_per_layer(live), expected, strict=True):
        if "conv2" in name or "downsample" in name:  # a filter whose shortcut lives on is not taken
            assert theirs <= found
        elif method in ("FT", "PFP"):
            assert found == theirs, name
        else:  # the original also takes single weights
            assert found == pytest.approx(theirs, rel=0.15), name


@pytest.mark.parametrize("method", pruning.METHODS)
def test_a_chain_nests_and_reaches_every_ratio(method, original):
    network, samples, masks = copy.deepcopy(original.network), original.samples[:12], None
    for keep_ratio in (0.85, 0.5, 0.2, 0.05):
        before, masks = masks or {}, pruning.prune(network, method, keep_ratio, samples, masks)
        assert within(masks, before)
        assert 1 - pruning.prune_ratio(network, masks) == pytest.approx(
            keep_ratio, rel=0.05 if method == "FT" else 0.02 if method == "PFP" else 0.005
        )
        pruning.apply(network, masks)
        zeros = sum(int((parameter == 0).sum()) for parameter in network.parameters())
        assert zeros / EVERYTHING == pytest.approx(pruning.prune_ratio(network, masks), abs=1e-3)
    assert min(weights_per_layer(masks)) > 0


# Laws


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """SiPP keeps nothing of what no sample wakes: two images leave less than was asked for, sixteen leave enough."""
    return random_images(16, 0, size=16)


@pytest.fixture(scope="module", params=["WT", "SiPP"])
def scored(request, resnet, images) -> tuple[str, dict[str, torch.Tensor]]:
    """A method and its scores, computed once for all keep ratios."""
    return request.param, pruning.scores(resnet, request.param, images)


@settings(max_examples=8)
@given(keep_ratio=st.floats(0.15, 0.95))
def test_the_ratio_that_was_asked_for(scored, resnet, images, keep_ratio):
    method, scores = scored
    masks = pruning.prune(resnet, method, keep_ratio, images, scores=scores)
    assert 1 - pruning.prune_ratio(resnet, masks) == pytest.approx(keep_ratio, rel=0.005)


@settings(max_examples=6)
@given(keep_ratio=st.floats(0.1, 0.97))
def test_no_uniform_fraction_of_filters_comes_nearer(resnet, keep_ratio):
    masks = pruning.prune(resnet, "FT", keep_ratio)
    missed = abs(1 - pruning.prune_ratio(resnet, masks) - keep_ratio)
    if missed > 0.005 * keep_ratio:
        for other in (keep_ratio - missed, keep_ratio + missed):
            if 0 < other < 1:
                found = 1 - pruning.prune_ratio(resnet, pruning.prune(resnet, "FT", other))
                assert abs(found - keep_ratio) >= missed * 0.999


@pytest.mark.parametrize("method", pruning.METHODS)
@pytest.mark.parametrize("kind", TOPOLOGIES)
@settings(max_examples=4)
@given(seed=st.integers(0, 10**6))
def test_masks_nest_and_repeat_and_the_network_is_left_alone(kind, method, seed):
    network, images = random_network(kind, seed), random_images(4, seed)
    network.train()
    before = copy.deepcopy(network.state_dict())
    try:
        first = pruning.prune(network, method, 0.7, images)
        second = pruning.prune(network, method, 0.6, images, first)
    except pruning.VanishedLayer:  # it is very small
        assume(False)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert equal(first, pruning.prune(network.eval(), method, 0.7, images))
    assert within(second, first)
    pruning.apply(network, second)
    assert all((network.get_parameter(name)[~mask] == 0).all() for name, mask in second.items())
    assert all(mask.is_contiguous() for mask in second.values())


# What samples are for


def test_channels_that_no_sample_wakes_go():
    network = random_network("plain", 0)
    network[1].bias.data[3] = -100  # its activation never lets it through
    blind = pruning.prune(network, "WT", 0.9)
    seeing = pruning.prune(network, "WT", 0.9, random_images(8, 0))
    for name in ("3.weight", "0.weight"):
        dim = 1 if name == "3.weight" else 0
        assert blind[name].select(dim, 3).any() and not seeing[name].select(dim, 3).any()
    assert [name for name in ("0.bias", "1.weight", "1.bias") if not seeing[name][3]] == [
        "0.bias",
        "1.weight",
        "1.bias",
    ]
    assert 1 - pruning.prune_ratio(network, seeing) == pytest.approx(0.9, rel=0.005)


def test_all_samples_are_looked_at_before_a_channel_goes():
    network, images = random_network("plain", 0), torch.zeros(100, 3, 12, 12)
    network[0].weight.data[3], network[0].bias.data[3] = 1.0, 0.0
    network[1].running_mean[3], network[1].bias.data[3] = 0.0, -1.0
    images[:, 0] = -1.0
    images[99] = 100.0  # only the last one
    masks = pruning.prune(network, "WT", 0.6, images)
    assert masks["3.weight"][:, 3].any()
    assert not pruning.prune(network, "WT", 0.6, images[:99])["3.weight"][:, 3].any()


def test_a_layer_of_which_no_sample_wakes_anything_stays():
    network = random_network("plain", 0)
    network[4].bias.data[:] = -100
    masks = pruning.prune(network, "WT", 0.5, random_images(4, 0))
    assert min(weights_per_layer(masks)) > 0


# Where it ends


def test_a_layer_that_would_vanish(resnet):
    with pytest.raises(
        pruning.VanishedLayer, match="would take the last weight of 'layer3.*weight'|'fc.weight'"
    ) as caught:
        pruning.prune(resnet, "WT", 0.03)
    smallest = float(re.search(r"smallest it can reach is (\d+\.\d+)", str(caught.value)).group(1))
    assert 0.03 < smallest < 0.2
    masks = pruning.prune(resnet, "WT", smallest)
    assert 1 - pruning.prune_ratio(resnet, masks) == pytest.approx(smallest, rel=0.005)
    with pytest.raises(pruning.VanishedLayer):
        pruning.prune(resnet, "WT", smallest * 0.99)


@pytest.mark.parametrize("method", pruning.METHODS)
def test_hardly_anything_cannot_be_kept(method):
    network, images = random_network("residual", 0), random_images(2, 0)
    with pytest.raises(ValueError, match=f"but {method} would take the last weight of '.*weight'; the smallest"):
        pruning.prune(network, method, 1e-4, images)


def test_a_network_without_any_weights_left_in_a_layer():
    network = random_network("residual", 0)
    network.conv1.weight.data.zero_()
    with pytest.raises(pruning.VanishedLayer, match="'conv1.weight' is already without a weight"):
        pruning.prune(network, "WT", 0.5)


def test_asking_for_more_than_is_left_keeps_what_is_left():
    network = random_network("plain", 0)
    masks = pruning.prune(network, "WT", 0.4)
    pruning.apply(network, masks)
    assert equal(pruning.prune(network, "WT", 0.8, masks=masks), masks)


@pytest.mark.parametrize(
    "method, keep_ratio, why", [("FT", 0.83, "whole filters"), ("WT", 0.8, "earlier masks leave 0.4")]
)
def test_a_ratio_that_is_missed_is_one_warning_that_says_why(method, keep_ratio, why, caplog):
    network = random_network("plain", 0)
    masks = pruning.prune(network, "WT", 0.4) if method == "WT" else None
    with caplog.at_level(logging.INFO, "lostprune"):
        masks = pruning.prune(network, method, keep_ratio, masks=masks)
    kept = 1 - pruning.prune_ratio(network, masks)
    [record] = caplog.records
    assert record.levelname == "WARNING" and f"{method} keeps {kept:.3g} of the parameters" in record.getMessage()
    assert f"not {keep_ratio:g} as asked" in record.getMessage() and why in record.getMessage()


def test_errors_come_before_any_work(resnet):
    images = torch.randn(2, 3, 32, 32)
    for keep_ratio in (0, 1, 1.2, -0.1, float("nan"), True, "0.5"):
        with pytest.raises(ValueError, match=rf"keep_ratio: got {keep_ratio!r}, expected a number in \(0, 1\)"):
            pruning.prune(resnet, "WT", keep_ratio)
    with pytest.raises(ValueError, match="'PFB', expected one of WT, SiPP, FT, PFP; did you mean 'PFP'"):
        pruning.prune(resnet, "PFB", 0.5, images)
    with pytest.raises(ValueError, match="samples: got None, but PFP computes"):
        pruning.prune(resnet, "PFP", 0.5)
    with pytest.raises(ValueError, match=r"float64 \[2, 3, 32, 32\], expected"):
        pruning.prune(resnet, "WT", 0.5, images.double())
    with pytest.raises(ValueError, match="expected names of conv"):
        pruning.prune(resnet, "WT", 0.5, masks={"head.weight": torch.ones(1, dtype=torch.bool)})
    with pytest.raises(ValueError, match="without prunable layer"):
        pruning.prune(nn.BatchNorm2d(3), "WT", 0.5)
    broken = copy.deepcopy(resnet)
    broken.layer2[0].bn1.bias.data[0] = torch.inf
    with pytest.raises(ValueError, match=r"'layer2.0.bn1.bias' has values that are not finite"):
        pruning.prune(broken, "WT", 0.5)
