"""Segmentation networks are pruned, shrunk and exported through ASPP's concatenation and their auxiliary head."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.segmentation.deeplabv3 import ASPP
from torchvision.models.segmentation.fcn import FCNHead

from lostprune import pruning

SHAPE = (3, 33, 29)


class SmallDeeplab(nn.Module):
    """The parts of torchvision's DeeplabV3, narrower: strides and dilations, ASPP, two heads, a dict of outputs."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.block = nn.Sequential(
            nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16),
        )  # fmt: skip
        self.aspp, self.classifier = ASPP(16, [2, 4, 6], 12), nn.Conv2d(12, 5, 1)
        self.auxiliary = FCNHead(16, 5)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        early = self.stem(x)
        late = F.relu(early + self.block(early))
        heads = {"out": self.classifier(self.aspp(late)), "aux": self.auxiliary(early)}
        return {name: F.interpolate(logits, x.shape[-2:], mode="bilinear") for name, logits in heads.items()}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """As if trained: every batch norm has statistics, weights and biases of its own."""
    torch.manual_seed(0)
    network = SmallDeeplab()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias):
                nn.init.normal_(values, 0.0, 0.2)
            for values in (module.running_var, module.weight):
                nn.init.uniform_(values, 0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("method", pruning.METHODS)
def test_the_shrunk_network_gives_what_the_masked_one_gives_in_both_heads(network, images, method):
    masks = pruning.prune(network, method, 0.5, images)
    assert pruning.prune_ratio(network, masks) == pytest.approx(0.5, abs=0.01)
    masked = copy.deepcopy(network)
    pruning.apply(masked, masks)
    shrunk = pruning.shrink(masked, masks, SHAPE)
    assert pruning.parameters(shrunk) < pruning.parameters(network)
    with torch.no_grad():
        torch.testing.assert_close(dict(shrunk(images)), dict(masked(images)), rtol=1e-4, atol=1e-5)
    if method == "FT":  # of which every layer is smaller
        exported = torch.export.export(shrunk, (images,)).module()
        with torch.no_grad():
            torch.testing.assert_close(dict(exported(images)), dict(shrunk(images)), rtol=1e-4, atol=1e-5)
    if method in ("FT", "PFP"):
        assert pruning.multiply_adds(shrunk, SHAPE) < 0.8 * pruning.multiply_adds(network, SHAPE)
