"""Densely connected networks for 32x32 images (Huang et al., 2017): DenseNet-BC."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .initialisation import initialise_convolutions
from .ladders import Ladder, geometric, linear
from .recipes import Recipe
from .registry import register


class DenseLayer(nn.Module):
    """Adds ``growth`` channels to those it gets: float32 [n, in, h, w] -> [n, in + growth, h, w]."""

    def __init__(self, in_channels: int, growth: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = self.conv1(F.relu(self.bn1(x), inplace=True))
        new = self.conv2(F.relu(self.bn2(new), inplace=True))
        return torch.cat((x, new), 1)


class Transition(nn.Module):
    """Halves channels and size: float32 [n, in, h, w] -> [n, in // 2, h / 2, w / 2]."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, in_channels // 2, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(self.conv1(F.relu(self.bn1(x), inplace=True)), 2)


class DenseNet(nn.Module):
    """Three dense stages with transitions between them: float32 [n, 3, 32, 32] -> [n, classes].

    Args:
        depth: 6 n + 4, where n is the number of layers of each stage.
        growth: channels that every layer adds.
    """

    def __init__(self, depth: int, growth: int, num_classes: int):
        super().__init__()
        layers, channels = (depth - 4) // 6, 2 * growth
        added = layers * growth
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.dense1 = self._stage(channels, layers, growth)
        self.trans1 = Transition(channels + added)
        channels = (channels + added) // 2
        self.dense2 = self._stage(channels, layers, growth)
        self.trans2 = Transition(channels + added)
        channels = (channels + added) // 2
        self.dense3 = self._stage(channels, layers, growth)
        self.bn = nn.BatchNorm2d(channels + added)
        self.fc = nn.Linear(channels + added, num_classes)
        initialise_convolutions(self)

    @staticmethod
    def _stage(channels: int, layers: int, growth: int) -> nn.Sequential:
        return nn.Sequential(*[DenseLayer(channels + layer * growth, growth) for layer in range(layers)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.trans1(self.dense1(self.conv1(x)))
        x = self.dense3(self.trans2(self.dense2(x)))
        return self.fc(F.relu(self.bn(x), inplace=True).mean((2, 3)))


# How the original study trained and pruned (lucaslie/torchprune at 14b392c), nominal and robust alike. Where the paper
# prints something else, ``DISAGREEMENTS`` says so.
RECIPE = Recipe(300, 64, 0.1, milestones=(150, 225), decay=0.1, warmup_epochs=10, nesterov=True)
LADDERS = {
    "nominal": Ladder.in_steps(3, geometric(0.99, 0.855, 2), geometric(0.85, 0.10, 58), linear(0.0918, 0.0469, 6)),
    "robust": Ladder.in_steps(1, geometric(0.80, 0.05, 13)),
}


@register("densenet22", RECIPE, ladder=LADDERS)
def densenet22(num_classes: int = 10) -> DenseNet:
    """The paper's DenseNet22, growing by 12 channels: 71,686 parameters, 31,238,322 multiply-adds at 32x32."""
    return DenseNet(22, 12, num_classes)
