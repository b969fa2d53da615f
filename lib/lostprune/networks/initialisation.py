"""How the paper's networks begin: as the models that the original study trained (bearpaw's for CIFAR)."""

from __future__ import annotations

import math

from torch import nn


def initialise_convolutions(network: nn.Module) -> None:
    """Draw every convolution from N(0, 2 / fan-out) (He et al., 2015) and set its bias, if it has one, to 0.

    Batch norms and fully connected layers stay as torch makes them: weight 1 and bias 0, uniform by the fan-in.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
            nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan_out))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
