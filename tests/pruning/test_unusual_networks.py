"""Networks that do something unusual are pruned as well as others, or refused by name."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune as torch_prune

from lostprune import pruning
from reference.pruning_networks import random_images


class Net(nn.Module):
    """Two convolutions and a classifier. What the tests change of it are its layers, or how it uses them."""

    def __init__(self, forward: Callable | None = None, padding: int = 1, **layers: nn.Module | nn.Parameter):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 16, 3, padding=padding), nn.Conv2d(16, 16, 3, padding=padding)
        self.fc = nn.Linear(16, 10)
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.own = forward or (lambda net, x: net.head(net.b(net.a(x).relu()).relu()))

    def head(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x.mean((2, 3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.own(self, x)


class Keyword(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)


class Computed(nn.Conv2d):
    """Its forward convolves with something computed from its weight."""

    def __init__(self, compute: Callable):
        super().__init__(16, 16, 3, padding=1)
        self.compute = compute

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.compute(self.weight), self.bias, padding=1)


def conv(channels: int, **options) -> nn.Conv2d:
    return nn.Conv2d(channels, 16, 3, padding=1, **options)


def by_functions(net: Net, x: torch.Tensor) -> torch.Tensor:
    for layer in (net.a, net.b):
        x = F.conv2d(x, layer.weight, layer.bias, padding=1).relu()
    return F.linear(x.mean((2, 3)), net.fc.weight, net.fc.bias)


def float32_only(net: Net, x: torch.Tensor) -> torch.Tensor:
    assert x.dtype == torch.float32
    return net.head(net.b(net.a(x).relu()).relu())


def own(forward: Callable, **layers: nn.Module) -> Callable[[], Net]:
    return lambda: Net(forward, **{name: make() for name, make in layers.items()})


UNUSUAL = {
    "grouped first layer": lambda: Net(a=nn.Conv2d(3, 12, 3, groups=3), b=conv(12)),
    "unshuffled": own(lambda net, x: net.head(net.b(net.a(F.pixel_unshuffle(x, 2)).relu()).relu()), a=lambda: conv(12)),
    "grey": own(lambda net, x: net.head(net.b(net.a(x.mean(1, keepdim=True)).relu()).relu()), a=lambda: conv(1)),
    "the batch's statistics": own(
        lambda net, x: net.fc(net.norm(net.b(net.a(x).relu()).mean((2, 3))).relu()),
        norm=lambda: nn.BatchNorm1d(16, track_running_stats=False),
    ),
    "squeezed": own(lambda net, x: net.fc(F.adaptive_avg_pool2d(net.b(net.a(x).relu()).relu(), 1).squeeze())),
    "functions": own(by_functions),
    "keyword": own(lambda net, x: net.head(net.b(x=net.a(x).relu()).relu()), b=lambda: Keyword(16, 16, 3, padding=1)),
    "image by image": own(
        lambda net, x: net.fc(torch.stack([net.b(net.a(one).relu()).relu().mean((1, 2)) for one in x.unbind(0)]))
    ),
    "float32 only": own(float32_only),
    "weights with a gain": lambda: Net(b=Computed(lambda weight: 2 * weight)),
}


@pytest.mark.parametrize("method", pruning.METHODS)
@pytest.mark.parametrize("kind", UNUSUAL)
def test_the_ratio_that_was_asked_for(kind, method):
    network = UNUSUAL[kind]().eval()
    masks = pruning.prune(network, method, 0.7, random_images(17, 0))  # a multiple of batches, and one
    assert 1 - pruning.prune_ratio(network, masks) == pytest.approx(0.7, abs=0.05)


def test_a_single_image_whose_dimensions_are_squeezed():
    network = UNUSUAL["squeezed"]().eval()
    assert pruning.prune_ratio(network, pruning.prune(network, "FT", 0.7)) == pytest.approx(0.3, abs=0.05)
    for method in pruning.METHODS:
        assert pruning.prune(network, method, 0.7, random_images(1, 0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", pruning.METHODS)
def test_a_network_of_float64(method, dtype):
    network = Net().eval().double()
    masks = pruning.prune(network, method, 0.7, random_images(4, 0).to(dtype))
    assert pruning.prune_ratio(network, masks) == pytest.approx(0.3, abs=0.05)


def test_layers_that_only_functions_use_cost_as_much_as_others():
    called, used = Net(), UNUSUAL["functions"]()
    assert pruning.multiply_adds(used) == pruning.multiply_adds(called)
    assert pruning.sample_size(used, (3, 32, 32)) == pruning.sample_size(called, (3, 32, 32))


def test_buffers_that_the_forward_writes_to_are_left_alone():
    def counting(net: Net, x: torch.Tensor) -> torch.Tensor:
        net.norm.num_batches_tracked += 1
        norm = net.norm
        x = F.batch_norm(net.a(x), norm.running_mean, norm.running_var, norm.weight, norm.bias, training=True)
        return net.head(net.b(x.relu()).relu())

    network = Net(counting, norm=nn.BatchNorm2d(16)).eval()
    before = copy.deepcopy(network.state_dict())
    pruning.prune(network, "WT", 0.7, random_images(4, 0))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


# Constants


def tied_bias() -> Net:
    network = UNPADDED["as usual"]()
    network.b.bias = network.a.bias
    return network


UNPADDED = {
    "as usual": lambda: Net(padding=0),
    "tied": tied_bias,
    "read elsewhere": lambda: Net(
        lambda net, x: net.head(net.b(net.a(x).relu()).relu() + net.b.bias.view(1, -1, 1, 1)), padding=0
    ),
    "not used": lambda: Net(lambda net, x: net.head(F.conv2d(net.a(x).relu(), net.b.weight).relu()), padding=0),
    "used by a function": lambda: Net(
        lambda net, x: net.head(F.conv2d(net.a(x).relu(), net.b.weight, net.b.bias).relu()), padding=0
    ),
    "of places": lambda: Net(  # whose batch norm normalises over something else
        lambda net, x: net.fc(net.norm(net.b(net.a(x).relu().flatten(2).transpose(1, 2))).relu().flatten(1)),
        a=nn.Conv2d(3, 16, 4, 4),
        b=nn.Linear(16, 16, bias=False),
        norm=nn.BatchNorm1d(9),
        fc=nn.Linear(9 * 16, 10),
    ),
}


@pytest.mark.parametrize("bias", UNPADDED)
def test_constants_go_only_where_they_change_nothing(bias):
    torch.manual_seed(0)
    network, images = UNPADDED[bias]().eval(), random_images(4, 0)
    for layer in pruning.prunable(network).values():
        if layer.bias is not None:
            nn.init.uniform_(layer.bias, 0.2, 1)
    masks = pruning.prune(network, "FT", 0.7, images)
    folded, expected = copy.deepcopy(network), copy.deepcopy(network)
    pruning.apply(folded, masks)
    with torch.no_grad():
        for name, layer in pruning.prunable(expected).items():
            layer.weight[~masks[name].flatten(1).any(1)] = 0
        torch.testing.assert_close(folded(images), expected(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reduce", [torch.mean, torch.sum, torch.amax])
def test_what_all_channels_are_reduced_to_comes_from_all_of_them(reduce):
    def forward(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = net.a(x)
        return net.head(net.b((x - reduce(x, 1, keepdim=True)).relu()).relu())

    network = Net(forward, a=nn.Conv2d(3, 15, 3), b=conv(15)).eval()
    masks = pruning.prune(network, "FT", 0.4, random_images(4, 0))
    assert not masks["b.weight"][~masks["b.weight"].flatten(1).any(1)].any()
    read = masks["fc.weight"].any(0)  # what is gone of b is gone behind it, so dead parts were looked for
    assert torch.equal(read, masks["b.weight"].flatten(1).any(1))


# Refused


def pruned_by_torch() -> Net:
    network = Net(lambda net, x: net.head(net.b(net.act(net.a(x)))), act=nn.PReLU(16))
    torch_prune.l1_unstructured(network.act, "weight", 0.2)
    return network


def keeping() -> Net:
    def forward(net: Net, x: torch.Tensor) -> torch.Tensor:
        net.feature = net.a(x)
        return net.head(net.b(net.feature.relu()).relu())

    network = Net(forward)
    network(random_images(2, 0))
    return network


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (pruned_by_torch, "module 'act': its weight was computed.*prune.remove"),
        (keeping, "network: its feature was computed.*detach"),
        (lambda: Net(b=Computed(lambda weight: weight - weight.mean())), "'b.weight' so that zeros do not stay zeros"),
    ],
)
def test_what_is_computed_from_parameters_is_refused_by_name(make, match):
    with pytest.raises(ValueError, match=match):
        pruning.prune(make().eval(), "WT", 0.7, random_images(2, 0))


def test_a_layer_that_was_never_trained_is_named():
    network = Net(lambda net, x: net.head(net.b(net.a(x) + net.zero(net.a(x)))), zero=conv(16)).eval()
    nn.init.zeros_(network.zero.weight)
    with pytest.raises(pruning.VanishedLayer, match="'zero.weight' is already without .*if this one is not pruned"):
        pruning.prune(network, "WT", 0.7)


def tied(dead: bool = False) -> Net:
    """Two layers with one weight; an input channel of the first may be dead, and of the second none is."""
    torch.manual_seed(0)
    net = Net(lambda net, x: net.head(net.c(net.b(net.a(x).relu()).relu() + 1).relu()), c=conv(16))
    net.c.weight = net.b.weight
    if dead:
        with torch.no_grad():
            net.a.bias[0] = -100
    return net


def by_function(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.head(F.conv2d(net.b(net.a(x).relu()).relu() + 1, net.b.weight, net.b.bias, padding=1).relu())


@pytest.mark.parametrize("make", [tied, own(by_function)])
def test_what_another_use_of_a_weight_sees_is_not_dead(make):
    net, images = make(), random_images(40, seed=0)
    with torch.no_grad():
        net.a.bias[0] = -100
    before = net(images)
    masks = pruning.prune(net, "WT", 0.999, images)
    assert masks["b.weight"][:, 0].any()
    pruning.apply(net, masks)
    assert torch.allclose(net(images), before, atol=0.05)


def test_sensitivities_are_those_of_all_layers_that_share_a_weight():
    net = tied(dead=True)
    assert pruning.scores(net, "SiPP", random_images(20, seed=0))["b.weight"][:, 0].any()


def test_masks_of_a_shared_weight_save_where_every_layer_uses_it():
    net = tied()
    half = torch.arange(16)[:, None, None, None].expand_as(net.b.weight) < 8
    image = (3, 32, 32)
    of_both = 2 * net.b.weight.numel() * 32 * 32 / pruning.multiply_adds(net, image)
    assert pruning.flop_reduction(net, pruning.Masks({"b.weight": half}), image) == pytest.approx(of_both / 2)


def functional_norm(net: Net, x: torch.Tensor) -> torch.Tensor:
    x = F.batch_norm(net.a(x), net.mean1, net.var1, net.w1, net.b1).relu()
    return net.head(F.batch_norm(net.b(x), net.mean2, net.var2, net.w2, net.b2).relu())


def with_functional_norms() -> Net:
    torch.manual_seed(0)
    plain = {"a": conv(3, bias=False), "b": conv(16, bias=False)}
    net = Net(functional_norm, **plain, **{name: nn.Parameter(torch.ones(16)) for name in ("w1", "w2")})
    for name in ("b1", "b2"):
        setattr(net, name, nn.Parameter(0.1 * torch.randn(16)))
    for name in ("mean1", "mean2"):
        net.register_buffer(name, torch.randn(16))
        net.register_buffer(name.replace("mean", "var"), torch.ones(16))
    return net.eval()


def with_norms_without_bias() -> Net:
    torch.manual_seed(0)
    layers = {"na": nn.BatchNorm2d(16, bias=False), "nb": nn.BatchNorm2d(16, bias=False)}
    net = Net(lambda net, x: net.head(net.nb(net.b(net.na(net.a(x)).relu())).relu()), padding=0, **layers)
    for norm in (net.na, net.nb):
        norm.running_mean.normal_()
    return net.eval()


@pytest.mark.parametrize("make", [with_functional_norms, with_norms_without_bias])
def test_unusual_norms_are_pruned_and_keep_what_dead_parts_computed(make):
    net, images = make(), random_images(40, seed=0)
    masks = pruning.prune(net, "FT", 0.6, images)
    assert 1 - pruning.prune_ratio(net, masks) == pytest.approx(0.6, abs=0.05)
    masked = copy.deepcopy(net)
    with torch.no_grad():  # the selection alone, without what is dead behind it
        for name in ("a.weight", "b.weight"):
            masked.get_parameter(name)[~masks[name].flatten(1).any(1)] = 0
    pruning.apply(net, masks)
    assert torch.allclose(net(images), masked(images), atol=1e-4)


class Tokens(nn.Module):
    """Patches as a sequence, sequence first; one unit of its hidden layer is dead."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches, self.one, self.two = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.classifier = nn.Linear(8, 10)
        with torch.no_grad():
            self.one.bias[3] = -100

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).permute(2, 0, 1)
        return self.classifier((x + self.two(self.one(x).relu())).mean(0))


@pytest.mark.parametrize("method", pruning.METHODS)
def test_sequences_whose_first_dimension_is_not_the_images(method):
    net = Tokens()
    masks = pruning.prune(net, method, 0.6, random_images(55, seed=0, size=32))  # the last batch is smaller
    assert not masks["two.weight"][:, 3].any()


def test_a_projection_inside_attention_costs_what_it_multiplies():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.fc = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 10)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.patches(x).flatten(2).transpose(1, 2)
            return self.fc(self.attention(x, x, x)[0].mean(1))

    tokens, net = 16, Attending()
    assert pruning.multiply_adds(net, (3, 32, 32)) == 3 * 64 * 8 * tokens + 8 * 8 * tokens + 80
