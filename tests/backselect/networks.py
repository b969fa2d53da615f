"""Small networks whose batch norms have seen something."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def lively(network: nn.Module, seed: int = 0) -> nn.Module:
    """In evaluation mode, with parameters that set the classes well apart."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5), nn.init.normal_(module.bias, 0, 0.1)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
    return network.eval()


class Residual(nn.Module):
    """A shortcut, a stride, a dilation, a pool with a kernel of its own, a concatenation and additions in place."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, (3, 5), padding=(2, 2), dilation=(2, 1))
        self.down, self.conv3 = nn.Conv2d(8, 12, 1, stride=2), nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.conv4, self.bn4, self.pool = nn.Conv2d(12, 6, 3, padding=1, groups=3), nn.BatchNorm2d(6), nn.AvgPool2d(2)
        self.fc = nn.Linear(18, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(x + self.conv2(x))
        y = self.conv3(x)
        y += self.down(x)
        y = torch.cat([torch.tanh(y), self.bn4(self.conv4(y))], 1)
        y = F.max_pool2d(self.pool(y), 2, 1)
        return self.fc(y.mean((2, 3)))


class Moody(nn.Module):
    """Looks at its data to decide what to do, and holds few images at a time."""

    def __init__(self, most: int = 10**9):
        super().__init__()
        self.conv, self.fc, self.most = nn.Conv2d(3, 4, 3), nn.Linear(4, 5), most

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        x = F.relu(self.conv(x)).mean((2, 3))
        return self.fc(x) * (2 if x.shape[0] > 0 and bool(torch.isfinite(x).all()) else 1)
