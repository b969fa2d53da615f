"""Differences in windows give the logits of whole forwards."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lostprune import networks
from lostprune.backselect.differences import Differences
from lostprune.backselect.forwards import Forwards
from lostprune.backselect.tracing import trace
from lostprune.backselect.windows import enclosing, neighbours

from .networks import Residual, lively

SHAPE = (11, 9)


@st.composite
def sequences(draw: st.DrawFn) -> nn.Sequential:
    """Convolutions, activations and pools of any kind that fit."""
    layers, channels, size = [], 3, min(SHAPE)
    for _ in range(draw(st.integers(1, 4))):
        kernel, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        stride, padding = draw(st.integers(1, 3)), draw(st.integers(0, 2))
        after = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        if after < 2:
            break
        layers += [
            nn.Conv2d(channels, 4, kernel, stride, padding, dilation),
            draw(st.sampled_from([nn.ReLU, nn.Tanh]))(),
        ]
        channels, size = 4, after
        if size > 3 and draw(st.booleans()):
            layers.append(draw(st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]))(2, draw(st.integers(1, 3))))
            size = (size - 2) // layers[-1].stride + 1
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))


@settings(max_examples=60)
@given(network=sequences(), pixels=st.sets(st.integers(0, 98), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_any_sequence_on_any_pixels(network, pixels, seed):
    network = lively(network, seed)
    image = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(seed))
    assert_like_whole_forwards(network, image, torch.tensor(sorted(pixels)), torch.float32)


NAMES = ("residual", "resnet20", "densenet22", "vgg16", "wrn16_8")


# In bfloat16 the large ones take long on a CPU without it.
@pytest.mark.parametrize(
    "network, dtype", [*((name, torch.float32) for name in NAMES), *((name, torch.bfloat16) for name in NAMES[:3])]
)
def test_the_papers_networks(network, dtype):
    torch.manual_seed(0)
    network = lively(Residual() if network == "residual" else networks.build(network))
    assert_like_whole_forwards(network, torch.randn(3, 32, 32), torch.tensor([0, 40, 371, 1023]), dtype)


@torch.inference_mode()
def assert_like_whole_forwards(network: nn.Module, image: torch.Tensor, pixels: torch.Tensor, dtype: torch.dtype):
    fast, whole = Differences(trace(network), dtype), Forwards(network, torch.float32)
    for one in (fast, whole):
        one.show(image, torch.full_like(image, 0.3))
    logits, expected = fast.logits(pixels, enclosing(pixels, image.shape[1:])), whole.logits(pixels)
    assert ((logits - expected).norm(dim=1) <= fast.error(logits) + whole.error(expected)).all()


@given(pixels=st.sets(st.integers(0, 98), min_size=1), size=st.integers(1, 20), grid=st.integers(1, 5))
def test_groups_are_all_pixels_in_their_windows(pixels, size, grid):
    pixels = torch.tensor(sorted(pixels))
    groups = neighbours(pixels, SHAPE, size, grid)
    assert sorted(torch.cat([group for group, _ in groups]).tolist()) == list(range(len(pixels)))
    assert len(groups) == -(-len(pixels) // size)
    for group, (rows, columns) in groups:
        assert all(rows.first <= y < rows.end <= SHAPE[0] for y in (pixels[group] // SHAPE[1]).tolist())
        assert all(columns.first <= x < columns.end <= SHAPE[1] for x in (pixels[group] % SHAPE[1]).tolist())


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).clamp_(0).mean((2, 3))


def test_a_network_that_changes_its_values_is_not_followed():
    assert trace(InPlace().eval()) is None
