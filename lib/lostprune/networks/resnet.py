"""Residual networks for 32x32 images (He et al., 2016), with projection shortcuts where the shape changes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .initialisation import initialise_convolutions
from .ladders import Ladder, geometric, linear
from .recipes import Recipe
from .registry import register

# How the original study trained and pruned (lucaslie/torchprune at 14b392c), nominal and robust alike. Where the paper
# prints something else, ``DISAGREEMENTS`` says so.
RECIPE = Recipe(182, 128, 0.1, milestones=(91, 136), decay=0.1, warmup_epochs=5)
_ROBUST = Ladder.in_steps(1, geometric(0.80, 0.03, 16))
LADDERS_20 = {
    "nominal": Ladder.in_steps(3, geometric(0.99, 0.855, 2), geometric(0.85, 0.15, 58), linear(0.132, 0.02, 9)),
    "robust": _ROBUST,
}
LADDERS = {
    "nominal": Ladder.in_steps(3, geometric(0.99, 0.855, 2), geometric(0.85, 0.02, 58)),
    "robust": _ROBUST,
}

BOTTLENECK_FROM = 44  # the depth at which the models of the original study change from basic blocks to bottlenecks


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: float32 [n, in, h, w] -> [n, width, h / stride, w / stride]."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int):
        super().__init__()
        # The order of the attributes is the order in which size estimates walk the layers: shortcut last.
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(in_channels, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)) + shortcut, inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut: float32 [n, in, h, w] -> [n, 4 width, h / stride, w / stride]."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(in_channels, 4 * width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        return F.relu(self.bn3(self.conv3(x)) + shortcut, inplace=True)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))


class ResNet(nn.Module):
    """Three stages of residual blocks, 16, 32 and 64 wide: float32 [n, 3, 32, 32] -> [n, classes].

    Args:
        depth: 6 n + 2. Each stage has n blocks; from depth 44 on they are bottlenecks, so that there are three
            convolutions per block and the name counts fewer layers than the network has.
    """

    def __init__(self, depth: int, num_classes: int):
        super().__init__()
        block, blocks = (BasicBlock if depth < BOTTLENECK_FROM else Bottleneck), (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(block, 16, 16, blocks, stride=1)
        self.layer2 = self._stage(block, 16 * block.expansion, 32, blocks, stride=2)
        self.layer3 = self._stage(block, 32 * block.expansion, 64, blocks, stride=2)
        self.fc = nn.Linear(64 * block.expansion, num_classes)
        initialise_convolutions(self)

    @staticmethod
    def _stage(block: type, in_channels: int, width: int, blocks: int, stride: int) -> nn.Sequential:
        first = block(in_channels, width, stride)
        return nn.Sequential(first, *[block(width * block.expansion, width, 1) for _ in range(blocks - 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


@register("resnet20", RECIPE, ladder=LADDERS_20)
def resnet20(num_classes: int = 10) -> ResNet:
    """The paper's ResNet20: 272,474 parameters, 40,813,184 multiply-adds at 32x32."""
    return ResNet(20, num_classes)


@register("resnet56", RECIPE, ladder=LADDERS)
def resnet56(num_classes: int = 10) -> ResNet:
    """The paper's ResNet56, of bottlenecks: 869,530 parameters, 127,322,624 multiply-adds at 32x32."""
    return ResNet(56, num_classes)


@register("resnet110", RECIPE, ladder=LADDERS)
def resnet110(num_classes: int = 10) -> ResNet:
    """The paper's ResNet110, of bottlenecks: 1,704,154 parameters, 247,646,720 multiply-adds at 32x32."""
    return ResNet(110, num_classes)
