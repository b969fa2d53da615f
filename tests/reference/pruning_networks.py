"""Small networks, one for each way in which layers hang together, for the tests of pruning."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Plain(nn.Sequential):
    """VGG's way: convolutions with biases, batch norms, in-place activations, pooling, one classifier."""

    def __init__(self, padding: int = 1):
        super().__init__()
        for channels, filters in ((3, 8), (8, 12), (12, 16)):
            self.extend([nn.Conv2d(channels, filters, 3, padding=padding), nn.BatchNorm2d(filters)])
            self.append(nn.ReLU(inplace=True))
        self.extend([nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 5)])


class Unnormalised(nn.Sequential):
    """Convolutions with biases and no batch norm; the second has groups and is not prunable."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=4), nn.ReLU(),
            nn.Conv2d(8, 12, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 5),
        )  # fmt: skip


class Residual(nn.Module):
    """ResNet's way: an identity shortcut, then a projected one."""

    def __init__(self, padding: int = 1):
        super().__init__()
        self.padding = padding
        self.stem, self.stem_norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.conv1, self.bn1 = nn.Conv2d(8, 8, 1 + 2 * padding, padding=padding, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8)
        self.conv3, self.bn3 = nn.Conv2d(8, 12, 1, stride=2, bias=False), nn.BatchNorm2d(12)
        self.project, self.project_norm = nn.Conv2d(8, 12, 1, stride=2, bias=False), nn.BatchNorm2d(12)
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem_norm(self.stem(x)))
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + x)
        x = F.relu(self.bn3(self.conv3(x)) + self.project_norm(self.project(x)))
        return self.head(x.mean((2, 3)))


class Preactivation(nn.Module):
    """WideResNet's and DenseNet's way: batch norm first; one block adds to its input, the next is set beside it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, bias=False)
        self.bn1, self.conv1 = nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1, bias=False)
        self.bn3, self.conv3 = nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1, bias=False)
        self.bn4, self.head = nn.BatchNorm2d(12), nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        x = torch.cat([x, self.conv3(F.relu(self.bn3(x)))], 1)
        return self.head(F.avg_pool2d(F.relu(self.bn4(x)), 4).mean((2, 3)))


class Dense(nn.Module):
    """DenseNet's way: layers of two convolutions set beside what they read, a transition that averages, another one."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, bias=False)
        for number, channels in enumerate((6, 5), start=1):
            self.add_module(f"bn{number}", nn.BatchNorm2d(channels))
            self.add_module(f"conv{number}", nn.Conv2d(channels, 8, 1, bias=False))
            self.add_module(f"grow_norm{number}", nn.BatchNorm2d(8))
            self.add_module(f"grow{number}", nn.Conv2d(8, 4, 1, bias=False))
        self.transition_norm, self.transition = nn.BatchNorm2d(10), nn.Conv2d(10, 5, 1, bias=False)
        self.norm, self.head = nn.BatchNorm2d(9), nn.Linear(9, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        new = self.grow1(F.relu(self.grow_norm1(self.conv1(F.relu(self.bn1(x))))))
        x = self.transition(F.relu(self.transition_norm(torch.cat((x, new), 1))))
        x = F.avg_pool2d(x, 2)
        new = self.grow2(F.relu(self.grow_norm2(self.conv2(F.relu(self.bn2(x))))))
        return self.head(F.relu(self.norm(torch.cat((x, new), 1))).mean((2, 3)))


TOPOLOGIES = {
    "plain": Plain,
    "unnormalised": Unnormalised,
    "residual": Residual,
    "preactivation": Preactivation,
    "dense": Dense,
}


def random_network(kind: str, seed: int, **options) -> nn.Module:
    """A network of ``TOPOLOGIES`` in evaluation mode, its weights, norms and running statistics drawn at random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TOPOLOGIES[kind](**options)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0.0, 0.5)
                nn.init.normal_(module.running_mean, 0.0, 0.3)
                nn.init.uniform_(module.running_var, 0.2, 1.0)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
    return network.eval()


def random_images(count: int, seed: int, size: int = 12) -> torch.Tensor:
    """Network inputs, float32 [count, 3, size, size]."""
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))
