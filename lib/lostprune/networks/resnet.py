"""Residual networks for 32x32 images (He et al., 2016), with projection shortcuts where the shape changes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .registry import register


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: float32 [n, in, h, w] -> [n, out, h / stride, w / stride]."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        # The order of the attributes is the order in which size estimates walk the layers: shortcut last.
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)) + shortcut, inplace=True)


class ResNet(nn.Module):
    """Three stages of ``blocks`` basic blocks, 16, 32 and 64 channels wide: float32 [n, 3, 32, 32] -> [n, classes]."""

    def __init__(self, blocks: int, num_classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(16, 16, blocks, stride=1)
        self.layer2 = self._stage(16, 32, blocks, stride=2)
        self.layer3 = self._stage(32, 64, blocks, stride=2)
        self.fc = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan_out))

    @staticmethod
    def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
        first = BasicBlock(in_channels, out_channels, stride)
        return nn.Sequential(first, *[BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


@register("resnet20")
def resnet20(num_classes: int = 10) -> ResNet:
    """The paper's ResNet20: 272,474 parameters, 40,813,184 multiply-adds at 32x32."""
    return ResNet(3, num_classes)
