"""Wide residual networks for 32x32 images (Zagoruyko & Komodakis, 2016), with batch norm before each convolution."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .initialisation import initialise_convolutions
from .ladders import Ladder, geometric, linear
from .recipes import Recipe
from .registry import register


class PreActivationBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: float32 [n, in, h, w] -> [n, out, h / stride, w / stride].

    Where the width changes, the shortcut is a convolution of the activated input, without a batch norm of its own.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, padding=1, bias=False)
        self.downsample = None
        if in_channels != out_channels:
            # Alone in a Sequential, because the models of the original study name its weight downsample.0.weight.
            self.downsample = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        activated = F.relu(self.bn1(x), inplace=True)
        shortcut = x if self.downsample is None else self.downsample(activated)
        x = F.relu(self.bn2(self.conv1(activated)), inplace=True)
        return self.conv2(x) + shortcut


class WideResNet(nn.Module):
    """Three stages of pre-activation blocks: float32 [n, 3, 32, 32] -> [n, classes].

    Args:
        depth: 6 n + 4, where n is the number of blocks of each stage.
        widen: the stages are 16, 32 and 64 times as wide as this.
    """

    def __init__(self, depth: int, widen: int, num_classes: int):
        super().__init__()
        blocks, widths = (depth - 4) // 6, (16 * widen, 32 * widen, 64 * widen)
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.layer1 = self._stage(16, widths[0], blocks, stride=1)
        self.layer2 = self._stage(widths[0], widths[1], blocks, stride=2)
        self.layer3 = self._stage(widths[1], widths[2], blocks, stride=2)
        self.bn1 = nn.BatchNorm2d(widths[2])
        self.fc = nn.Linear(widths[2], num_classes)
        initialise_convolutions(self)
        nn.init.zeros_(self.fc.bias)

    @staticmethod
    def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
        first = PreActivationBlock(in_channels, out_channels, stride)
        return nn.Sequential(first, *[PreActivationBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x), inplace=True).mean((2, 3)))


# How the original study trained and pruned (lucaslie/torchprune at 14b392c), nominal and robust alike. Where the paper
# prints something else, ``DISAGREEMENTS`` says so.
RECIPE = Recipe(200, 128, 0.1, milestones=(60, 120, 160), decay=0.2, warmup_epochs=5, nesterov=True, weight_decay=5e-4)
LADDERS = {
    "nominal": Ladder.in_steps(3, geometric(0.99, 0.855, 2), geometric(0.85, 0.10, 58), linear(0.09182, 0.02, 9)),
    "robust": Ladder.in_steps(1, geometric(0.80, 0.03, 16)),
}


@register("wrn16_8", RECIPE, ladder=LADDERS)
def wrn16_8(num_classes: int = 10) -> WideResNet:
    """The paper's WRN16-8: 10,961,370 parameters, 1,548,145,664 multiply-adds at 32x32."""
    return WideResNet(16, 8, num_classes)
