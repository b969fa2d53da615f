"""Dead parts: what can no longer matter, and what of it does."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lostprune import pruning
from lostprune.pruning.connectivity import Connectivity
from lostprune.pruning.folding import folds
from lostprune.pruning.masks import zero
from reference import pruning as plain
from reference.pruning_networks import TOPOLOGIES, Dense, Preactivation, Residual, random_images, random_network

SHAPE = (3, 12, 12)


def random_masks(network: nn.Module, kind: str, share: float, seed: int) -> pruning.Masks:
    """Keep a random share of the weights, filters (of all layers but the last) or input channels of each layer."""
    generator, masks = torch.Generator().manual_seed(seed), {}
    layers = plain.layers(network)
    for number, (name, layer) in enumerate(layers.items()):
        shape = list(layer.weight.shape)
        if kind != "weights":
            shape = [length if axis == ("filters", "channels").index(kind) else 1 for axis, length in enumerate(shape)]
        mask = torch.rand(shape, generator=generator) < share
        if not mask.any() or (kind == "filters" and number == len(layers) - 1):
            mask = torch.ones_like(mask)
        masks[name] = mask.expand(layer.weight.shape).clone()
    return masks


def alive(network: nn.Module, masks: pruning.Masks) -> pruning.Masks:
    """What is left for FT and PFP."""
    connectivity = Connectivity(network, SHAPE)
    return connectivity.live(connectivity.without_constants(masks))


@pytest.mark.parametrize("kind", TOPOLOGIES)
@pytest.mark.parametrize("what", ["weights", "filters", "channels"])
@settings(max_examples=10)
@given(share=st.floats(0.05, 0.9), seed=st.integers(0, 10**6))
def test_alive_is_what_has_a_gradient(kind, what, share, seed):
    network = random_network(kind, 0)
    masks = random_masks(network, what, share, seed)
    live = Connectivity(network, SHAPE).live(masks)
    expected = plain.connected(network, masks, torch.ones(1, *SHAPE))
    grouped = {f"{name}." for name, module in network.named_modules() if getattr(module, "groups", 1) > 1}
    for name in expected.keys() - {prefix + own for prefix in grouped for own in ("weight", "bias")}:
        found = live[name] if name in live else torch.ones_like(expected[name])
        assert torch.equal(found, expected[name]), name


def outputs(network: nn.Module, masks: pruning.Masks, images: torch.Tensor) -> torch.Tensor:
    network = copy.deepcopy(network)
    zero(network, masks)
    with torch.no_grad():
        return network(images)


def outputs_without_dead_parts(network: nn.Module, masks: pruning.Masks, images: torch.Tensor, fold: bool = True):
    """What is left of ``masks``, and the outputs with it; constant inputs are dropped as for FT and PFP."""
    network, chosen, connectivity = copy.deepcopy(network), copy.deepcopy(network), Connectivity(network, SHAPE)
    live = connectivity.live(connectivity.without_constants(masks) if fold else masks)
    zero(chosen, masks)
    if fold:
        live.folds = folds(chosen, masks, live, connectivity.example, connectivity)
    pruning.apply(network, live)
    with torch.no_grad():
        return live, network(images)


@pytest.mark.parametrize("kind", TOPOLOGIES)
@pytest.mark.parametrize("what", ["weights", "channels"])
@settings(max_examples=10)
@given(share=st.floats(0.05, 0.9), seed=st.integers(0, 10**6))
def test_the_function_stays_as_it_was_without_dead_parts(kind, what, share, seed):
    network, images = random_network(kind, seed % 7), random_images(3, seed)
    masks = random_masks(network, what, share, seed)
    try:
        _, found = outputs_without_dead_parts(network, masks, images, fold=what == "channels")
    except pruning.VanishedLayer:
        assume(False)
    torch.testing.assert_close(found, outputs(network, masks, images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "kind, options",
    [
        ("plain", {"padding": 0}),
        ("unnormalised", {}),
        ("residual", {"padding": 0}),
        ("preactivation", {}),
        ("dense", {}),
    ],
)
@settings(max_examples=15)
@given(share=st.floats(0.2, 0.9), seed=st.integers(0, 10**6))
def test_constants_are_folded_exactly_without_padding(kind, options, share, seed):
    network, images = random_network(kind, seed % 7, **options), random_images(3, seed)
    masks = random_masks(network, "filters", share, seed)
    _, found = outputs_without_dead_parts(network, masks, images)
    torch.testing.assert_close(found, outputs(network, masks, images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_constants_are_folded_nearly_with_padding(kind):
    network, images = random_network(kind, 3), random_images(20, 3, size=24)
    masks = random_masks(network, "filters", 0.5, 3)
    expected = outputs(network, masks, images)
    live, found = outputs_without_dead_parts(network, masks, images)
    unfolded = outputs(network, live, images)
    assert (found - expected).square().mean() < 0.05 * (unfolded - expected).square().mean()


def test_a_pruned_filter_takes_all_of_its_channel_along():
    network = random_network("plain", 0)
    masks = random_masks(network, "weights", 1.1, 0)
    masks["0.weight"][5] = False
    live = alive(network, masks)
    only_fifth = torch.arange(8) != 5
    assert all(torch.equal(live[name], only_fifth) for name in ("0.bias", "1.weight", "1.bias"))
    assert torch.equal(live["3.weight"], only_fifth[None, :, None, None].expand(12, 8, 3, 3))
    assert len(live) == len(masks) + 3


def test_a_channel_that_a_shortcut_needs_keeps_its_bias():
    network = random_network("residual", 0)
    masks = random_masks(network, "weights", 1.1, 0)
    masks["conv2.weight"][2] = False
    live = alive(network, masks)
    assert torch.equal(live["bn2.weight"], torch.arange(8) != 2)
    assert "bn2.bias" not in live
    assert live["conv3.weight"].all() and live["project.weight"].all()  # the shortcut still varies


def test_the_batch_norms_that_read_a_layer_through_shortcuts_and_concatenations():
    found = Connectivity(Preactivation(), SHAPE).readers
    assert found == {
        "stem.weight": (("bn1.weight", 0), ("bn3.weight", 0), ("bn4.weight", 0)),
        "conv1.weight": (("bn2.weight", 0),),
        "conv2.weight": (("bn3.weight", 0), ("bn4.weight", 0)),
        "conv3.weight": (("bn4.weight", 8),),
    }
    assert len(Connectivity(Residual(), SHAPE).readers) == 5
    dense = Connectivity(Dense(), SHAPE).readers
    assert dense["transition.weight"] == (("bn2.weight", 0), ("norm.weight", 0))
    assert dense["grow2.weight"] == (("norm.weight", 5),)


def test_what_anything_but_batch_norms_reads_is_folded_nowhere():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)
            self.conv2, self.bn2 = nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4)
            self.head = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv1(x)
            x = torch.relu(self.bn1(x)) * torch.sigmoid(x)  # the gate sees conv1, too
            return self.head(torch.relu(self.bn2(self.conv2(x))).mean((2, 3)))

    assert Connectivity(Gated(), SHAPE).readers == {"conv2.weight": (("bn2.weight", 0),)}


class Tokens(nn.Module):
    """As a vision transformer: a learnt token before those of the patches."""

    def __init__(self):
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, 8, 4, stride=4), nn.Parameter(torch.randn(1, 1, 8))
        self.wide, self.back, self.head = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        return self.head((x + self.back(torch.relu(self.wide(x)))).mean(1))


class Places(nn.Module):
    """Channels that are the same for every image: where a pixel lies, and a constant."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Conv2d(5, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = torch.linspace(-1, 1, x.shape[2])[None, None, :, None].expand(len(x), 1, -1, x.shape[3])
        x = torch.cat([x, rows, torch.full_like(rows, 0.5)], 1)
        return self.head(torch.relu(self.second(torch.relu(self.first(x)))).mean((2, 3)))


@pytest.mark.parametrize("kind", [Tokens, Places])
@pytest.mark.parametrize("what", ["weights", "filters", "channels"])
@settings(max_examples=4)
@given(share=st.floats(0.3, 0.9), seed=st.integers(0, 10**6))
def test_what_does_not_depend_on_the_image_may_be_concatenated_with_what_does(kind, what, share, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = kind().eval()
    images, masks = random_images(3, seed), random_masks(network, what, share, seed)
    try:
        _, found = outputs_without_dead_parts(network, masks, images, fold=what != "weights")
    except pruning.VanishedLayer:
        assume(False)
    torch.testing.assert_close(found, outputs(network, masks, images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", pruning.METHODS)
def test_a_network_with_a_learnt_token_is_pruned_to_its_ratio(method):
    network = Tokens().eval()
    masks = pruning.prune(network, method, 0.6, random_images(8, 0))
    tolerance = 0.1 if method in ("FT", "PFP") else 0.005
    assert 1 - pruning.prune_ratio(network, masks) == pytest.approx(0.6, rel=tolerance)


def test_layers_that_the_network_does_not_use_stay():
    network = random_network("plain", 0)
    network[0].unused = nn.Conv2d(4, 4, 1)
    masks = random_masks(network, "weights", 0.5, 0)
    live = alive(network, masks)
    assert torch.equal(live["0.unused.weight"], masks["0.unused.weight"])


def test_depth_makes_nothing_fade():
    blocks = [module for _ in range(150) for module in (nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())]
    network = nn.Sequential(nn.Conv2d(3, 4, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    masks = {name: torch.ones_like(layer.weight, dtype=torch.bool) for name, layer in plain.layers(network).items()}
    live = alive(network, masks)
    assert live.keys() == masks.keys() and all(mask.all() for mask in live.values())


def test_the_callers_gradient_mode_does_not_matter():
    network = random_network("residual", 0)
    masks = random_masks(network, "filters", 0.5, 0)
    expected = alive(network, masks)
    with torch.no_grad():
        found = alive(network, masks)
    assert found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in found)
