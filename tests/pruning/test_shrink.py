"""Shrunk networks compute what the masked ones do, and are smaller."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lostprune import networks, pruning
from reference.pruning_networks import TOPOLOGIES, random_images, random_network

# Every structure is shrunk by all methods in the small networks of TOPOLOGIES; the paper's take seconds each.
OF_PAPER = [(name, "FT") for name in ("resnet20", "resnet56", "vgg16", "densenet22", "wrn16_8")]
OF_PAPER += [("resnet56", "PFP"), ("densenet22", "PFP"), ("densenet22", "WT"), ("resnet20", "SiPP")]


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """Batch norms as training leaves them: a pruned filter's channel is a constant other than 0."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0.0, 0.5, generator=generator)
            module.running_mean.normal_(0.0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 1.0, generator=generator)
    return network.eval()


def outputs(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return network(images)


def masked(network: nn.Module, masks: dict) -> nn.Module:
    network = copy.deepcopy(network)
    pruning.apply(network, masks)
    return network


def assert_same(network: nn.Module, masks: dict, images: torch.Tensor) -> nn.Module:
    """The tolerance is a few hundred units of rounding of the largest output."""
    shrunk = pruning.shrink(network, masks)
    expected = outputs(masked(network, masks), images)
    torch.testing.assert_close(
        outputs(shrunk, images), expected, rtol=0, atol=3e-5 * max(1.0, float(expected.abs().max()))
    )
    assert type(shrunk) is type(network)
    assert pruning.parameters(shrunk) <= pruning.parameters(network)
    return shrunk


@pytest.mark.parametrize("name, method", OF_PAPER)
def test_networks_of_the_paper(name, method):
    torch.manual_seed(0)
    network = randomised(networks.build(name))
    size = 32 if name == "vgg16" else 8  # five poolings
    images = torch.randn(2, 3, size, size)
    masks = pruning.prune(network, method, 0.6, images)
    shrunk = assert_same(network, masks, images)
    if method in ("FT", "PFP"):
        assert pruning.parameters(shrunk) < 0.75 * pruning.parameters(network)
        assert pruning.multiply_adds(shrunk) < pruning.multiply_adds(network)
    if method == "FT":
        exported = torch.export.export(shrunk, (images,)).module()
        torch.testing.assert_close(outputs(exported, images), outputs(shrunk, images))


@pytest.mark.parametrize("method", pruning.METHODS)
@pytest.mark.parametrize("kind", TOPOLOGIES)
def test_every_way_in_which_layers_hang_together(kind, method):
    network = random_network(kind, 3)
    masks = pruning.prune(network, method, 0.7, random_images(4, 0))
    assert_same(network, masks, random_images(4, 1))


def test_a_plain_chain_gets_as_small_as_it_can():
    network = random_network("plain", 0)
    masks = {name: torch.ones_like(network.get_parameter(name), dtype=torch.bool) for name in ("0.weight", "0.bias")}
    masks |= {name: torch.ones(8, dtype=torch.bool) for name in ("1.weight", "1.bias")}
    for mask in masks.values():
        mask[:5] = False
    shrunk = assert_same(network, masks, random_images(2, 0))
    assert (shrunk[0].out_channels, shrunk[1].num_features, shrunk[3].in_channels) == (3, 3, 3)
    assert shrunk.kept_channels["3"].inputs == [5, 6, 7]
    assert "Conv2d(3, 3," in repr(shrunk[0])
    torch.testing.assert_close(shrunk[3].weight, network[3].weight[:, 5:])


def test_a_residual_channel_goes_when_all_its_writers_are_gone_and_only_then():
    network = random_network("residual", 0)
    pruned = {name: torch.ones_like(parameter, dtype=torch.bool) for name, parameter in network.named_parameters()}
    for name in ("stem.weight", "stem_norm.weight", "stem_norm.bias"):
        pruned[name][2:5] = False
    assert assert_same(network, pruned, random_images(2, 0)).project.in_channels == 8
    for name in ("conv2.weight", "bn2.weight", "bn2.bias"):
        pruned[name][3:7] = False
    shrunk = assert_same(network, pruned, random_images(2, 0))
    assert shrunk.kept_channels["project"].inputs == [0, 1, 2, 5, 6, 7]  # 3 and 4 are in both
    assert shrunk.stem.out_channels == shrunk.bn2.num_features == 6


def test_constant_channels_before_a_padded_convolution_become_one():
    network = random_network("plain", 1)
    network[1].bias.data = network[1].bias.data.abs() + 0.1
    masks = {"0.weight": torch.ones(8, 3, 3, 3, dtype=torch.bool)}
    masks["0.weight"][:6] = False  # what the batch norm makes of 0 is not 0
    shrunk = assert_same(network, masks, random_images(2, 0))
    assert shrunk[0].out_channels == 3


def test_a_dead_branch_keeps_one_channel():
    network = random_network("residual", 0)
    masks = {"conv2.weight": torch.zeros(8, 8, 1, 1, dtype=torch.bool)}
    masks["conv2.weight"][0, 0] = True
    masks |= {name: torch.zeros(8, dtype=torch.bool) for name in ("bn2.weight", "bn2.bias")}
    assert assert_same(network, masks, random_images(2, 0)).conv1.out_channels == 1


class Separable(nn.Sequential):
    """Depthwise convolutions and one in groups of three channels, a flattened image, a norm of features."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU6(),
            nn.Conv2d(6, 12, 3, padding=1, groups=6, bias=False), nn.BatchNorm2d(12), nn.Hardswish(),
            nn.Conv2d(12, 6, 1), nn.AvgPool2d(2), nn.Conv2d(6, 6, 3, padding=1, groups=2), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.BatchNorm1d(24), nn.Dropout(), nn.Linear(24, 5),
        )  # fmt: skip


def test_groups_and_flattened_features():
    torch.manual_seed(1)
    network = randomised(Separable())
    masks = {name: torch.ones_like(parameter, dtype=torch.bool) for name, parameter in network.named_parameters()}
    del masks["3.weight"], masks["8.weight"]  # convolutions with groups are not pruned
    for name in ("0.weight", "1.weight", "1.bias"):
        masks[name][:2] = False
    for name in ("4.weight", "4.bias"):
        masks[name][:4] = False
    masks["14.weight"][:, :12] = False  # all that comes from the first group
    shrunk = assert_same(network, masks, random_images(2, 0))
    assert (shrunk[0].out_channels, shrunk[3].groups, shrunk[3].out_channels) == (4, 4, 8)
    assert (shrunk[8].groups, shrunk[8].in_channels, shrunk[6].out_channels) == (1, 3, 3)
    assert (shrunk[12].num_features, shrunk[14].in_features) == (12, 12)


class Refused(nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.conv, self.head, self.operation = nn.Conv2d(3, 8, 3), nn.Linear(8, 5), operation

    def forward(self, x):
        return self.head(self.operation(self.conv(x)).mean((2, 3)))


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (lambda x: torch.roll(x, 1, 1), "operation 'roll'"),
        (lambda x: torch.cat([x, x], 2), "operation 'cat'"),
        (lambda x: x[:, :8], "operation 'getitem'"),
        (lambda x: x.permute(0, 1, 3, 2), "operation 'permute'"),
        (nn.ConvTranspose2d(8, 8, 1), r"'operation' \(ConvTranspose2d\)"),
        (lambda x: x if x.sum() > 0 else -x, "cannot be traced"),
        (lambda x: x / x.shape[1], "outputs that differ"),
    ],
)
def test_what_cannot_be_followed_is_named(operation, named):
    network = Refused(operation).eval()
    masks = {"head.weight": torch.ones(5, 8, dtype=torch.bool)}
    masks["head.weight"][:, :4] = False
    with pytest.raises(pruning.UnsupportedOperation, match=named):
        pruning.shrink(network, masks)


@pytest.mark.parametrize(
    "operation",
    [
        nn.GroupNorm(2, 8),
        lambda x: x.reshape(-1, 8, 10, 10),
        lambda x: F.pad(x, (1, 1)) * torch.arange(8)[:, None, None],
    ],
)
def test_channels_that_are_needed_together_stay(operation):
    network = Refused(operation).eval()
    masks = {"head.weight": torch.ones(5, 8, dtype=torch.bool)}
    masks["head.weight"][:, :4] = False
    shrunk = pruning.shrink(network, masks, (3, 12, 12))
    assert shrunk.conv.out_channels == 8
    torch.testing.assert_close(
        outputs(shrunk, random_images(2, 0)), outputs(masked(network, masks), random_images(2, 0))
    )


def test_masks_of_another_network():
    with pytest.raises(ValueError, match="made for another network"):
        pruning.shrink(random_network("plain", 0), {"stem.weight": torch.ones(8, 3, 3, 3, dtype=torch.bool)})


def test_mode_type_and_gradients_stay_and_the_network_is_not_changed():
    network = random_network("residual", 0).double().train()
    network.stem.eval()
    network.head.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    shrunk = pruning.shrink(network, pruning.prune(random_network("residual", 0), "FT", 0.4))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert shrunk.training and not shrunk.stem.training
    assert shrunk.stem.weight.dtype == torch.float64
    assert shrunk.stem.weight.requires_grad and not shrunk.head.weight.requires_grad
    F.cross_entropy(shrunk(random_images(4, 0).double()), torch.arange(4)).backward()
    assert shrunk.stem.weight.grad.shape == shrunk.stem.weight.shape
    assert torch.isfinite(shrunk.stem.weight.grad).all()
