"""Sensitivities: the fast way against the plain way, and against the original's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lostprune import networks, pruning
from lostprune.pruning import allocation, shares
from reference import pruning as plain
from reference.pruning_networks import TOPOLOGIES, random_images, random_network


def same(fast: dict, slow: dict) -> None:
    assert fast.keys() == slow.keys()
    for name in slow:
        torch.testing.assert_close(fast[name].double(), slow[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", TOPOLOGIES)
def test_sensitivities_are_those_of_the_definition(kind):
    network, images = random_network(kind, 1), random_images(19, 2)
    same(pruning.scores(network, "SiPP", images), plain.sipp(network, images))
    same(pruning.scores(network, "PFP", images), plain.pfp(network, images))


@pytest.mark.parametrize("name", ["resnet20", "resnet56", "densenet22"])
def test_sensitivities_of_the_papers_networks(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = networks.build(name)
    images = random_images(1, 0, size=8)
    same(pruning.scores(network, "SiPP", images), plain.sipp(network, images))
    same(pruning.scores(network, "PFP", images), plain.pfp(network, images))


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": (2, 3), "stride": (2, 1), "padding": (0, 2)},
        {"kernel_size": (3, 3), "dilation": (1, 2), "padding": "same"},
        {"kernel_size": (3, 2), "padding": 1, "padding_mode": "reflect"},
        {"kernel_size": 7, "stride": 2, "padding": 3},
        {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 2},
        {"kernel_size": 1, "stride": 3},
    ],
)
@pytest.mark.parametrize("at_once", [2**24, 200, 1])  # patches of an image together, in strips, row by row
def test_convolutions_of_every_kind(options, at_once, monkeypatch):
    monkeypatch.setattr(shares, "STRIP_ELEMENTS", at_once)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, **options), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    images = random_images(5, 1, 7)
    same(pruning.scores(network, "SiPP", images), plain.sipp(network, images))
    same(pruning.scores(network, "PFP", images), plain.pfp(network, images))


def test_fully_connected_layers_may_have_several_places():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    images = random_images(4, 3, 6)[:, :2]  # [4, 2, 6, 6]: twelve places of six values
    as_convolution = nn.Sequential(nn.Conv2d(6, 4, 1))
    as_convolution[0].weight.data = network[0].weight.data[:, :, None, None]
    slow = plain.sipp(as_convolution, images.movedim(-1, 1))["0.weight"][:, :, 0, 0]
    torch.testing.assert_close(pruning.scores(network, "SiPP", images)["0.weight"].double(), slow, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["SiPP", "PFP"])
def test_neurons_with_hardly_any_sum_have_no_sensitivities(method):
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(2, 2))
    network[0].weight.data = torch.tensor([1e-8, 1.0]).view(2, 1, 1, 1)
    scores = pruning.scores(network, method, torch.ones(1, 1, 1, 1))["0.weight"]
    assert scores.flatten().tolist() == ([0.0, 1.0] if method == "SiPP" else [1.0])


def test_channels_of_very_different_strength():
    network, images = random_network("plain", 3), random_images(6, 4)
    network[3].weight.data *= torch.logspace(-6, 2, 8)[:, None, None]
    same(pruning.scores(network, "PFP", images), plain.pfp(network, images))


def test_magnitudes():
    network = random_network("residual", 5)
    for name, parameter in plain.layers(network).items():
        assert torch.equal(pruning.scores(network, "WT")[name], parameter.weight.abs())
        expected = torch.stack([filter.abs().sum() for filter in parameter.weight])
        torch.testing.assert_close(pruning.scores(network, "FT")[name], expected)


@pytest.mark.parametrize("method", ["SiPP", "PFP", "FT"])
def test_sensitivities_are_the_originals(method, original, original_scores):
    scores = np.concatenate([values.numpy().ravel() for values in original_scores[method].values()])
    expected = original.facts[{"SiPP": "sipp_every_32nd", "PFP": "pfp", "FT": "ft"}[method]]
    np.testing.assert_allclose(scores[::32] if method == "SiPP" else scores, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", pruning.METHODS)
def test_training_mode_changes_nothing(method):
    network, images = random_network("plain", 1), random_images(3, 2)
    expected = pruning.scores(network, method, images)
    found = pruning.scores(network.train(), method, images)
    assert network.training
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("method", pruning.METHODS)
def test_scores_are_computed_once_for_several_ratios(method, monkeypatch):
    network, images = random_network("residual", 4), random_images(4, 4)
    scores = pruning.scores(network, method, images)
    expected = pruning.prune(network, method, 0.6, images), pruning.select(network, method, 500, images)
    monkeypatch.setattr(allocation, "unchecked_scores", None)  # whoever computes them again fails
    found = (
        pruning.prune(network, method, 0.6, images, scores=scores),
        pruning.select(network, method, 500, images, scores),
    )
    for some, others in zip(found, expected, strict=True):
        assert some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in others)


def test_scores_of_something_else_are_refused():
    network, images = random_network("residual", 0), random_images(2, 0)
    scores = pruning.scores(network, "FT")

    def refused(match: str, changed: dict, method: str = "FT") -> None:
        with pytest.raises(ValueError, match=match):
            pruning.prune(network, method, 0.5, images, scores=changed)

    refused("got those of FT, expected those of PFP; pass what", scores, "PFP")
    refused(
        r"scores\['head.weight'\]: got none, expected one",
        {name: scores[name] for name in scores if name != "head.weight"},
    )
    refused(r"scores\['extra'\]: got one, expected none", {**scores, "extra": scores["head.weight"]})
    refused(r"scores\['head.weight'\]: got \[3\] on cpu, expected \[5\]", {**scores, "head.weight": torch.ones(3)})
    refused(r"\['head.weight'\]: .* not finite", {**scores, "head.weight": torch.full((5,), torch.nan)})
    network.conv1.weight.data[2] = 0
    refused(r"scores\['conv1.weight'\]: got scores where the network's weights are 0", scores)


def test_errors():
    network, images = random_network("plain", 0), random_images(2, 0)
    with pytest.raises(ValueError, match="'sipp'.*did you mean 'SiPP'"):
        pruning.scores(network, "sipp", images)
    with pytest.raises(ValueError, match="SiPP computes its sensitivities from samples"):
        pruning.scores(network, "SiPP")
    with pytest.raises(ValueError, match=r"uint8 \[2, 3, 12, 12\], expected .*float32"):
        pruning.scores(network, "PFP", images.byte())
    with pytest.raises(ValueError, match=r"\[2, 1, 12, 12\].*first convolution takes 3"):
        pruning.scores(network, "SiPP", images[:, :1])
    with pytest.raises(TypeError, match="got list"):
        pruning.scores(network, "SiPP", [1.0])
    with pytest.raises(ValueError, match="without prunable layer"):
        pruning.scores(nn.Sequential(nn.Conv2d(4, 4, 1, groups=2), nn.ReLU()), "WT")
    images[0, 0, 0, 0] = torch.inf
    with pytest.raises(ValueError, match="not finite"):
        pruning.scores(network, "SiPP", images)
    network[3].weight.data[0] = torch.nan
    with pytest.raises(ValueError, match="'3.weight' has values that are not finite"):
        pruning.scores(network, "WT")
