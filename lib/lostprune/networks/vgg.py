"""VGG for 32x32 images (Simonyan & Zisserman, 2014), with batch norm and a single fully connected layer."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from .initialisation import initialise_convolutions
from .ladders import Ladder, geometric
from .recipes import Recipe
from .registry import register

_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # configuration D


class VGG(nn.Module):
    """Five stages of 3x3 convolutions, each halved by max pooling: float32 [n, 3, 32, 32] -> [n, classes].

    The convolutions have biases, though a batch norm follows each: so do the models of the original study.
    """

    def __init__(self, stages: tuple[tuple[int, ...], ...], num_classes: int):
        super().__init__()
        layers, in_channels = [], 3
        for stage in stages:
            for width in stage:
                convolution = nn.Conv2d(in_channels, width, 3, padding=1)
                layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                in_channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(in_channels, num_classes)
        initialise_convolutions(self)
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


# How the original study trained and pruned (lucaslie/torchprune at 14b392c), nominal and robust alike. Where the paper
# prints something else, ``DISAGREEMENTS`` says so.
RECIPE = Recipe(300, 256, 0.05, milestones=tuple(range(30, 300, 30)), decay=0.5, warmup_epochs=10, weight_decay=5e-4)
RETRAIN_RECIPE = dataclasses.replace(RECIPE, epochs=150, milestones=tuple(range(30, 150, 30)))  # its first half
LADDERS = {
    "nominal": Ladder.in_steps(3, geometric(0.99, 0.855, 2), geometric(0.85, 0.02, 58)),
    "robust": Ladder.in_steps(1, geometric(0.80, 0.03, 16)),
}


@register("vgg16", RECIPE, RETRAIN_RECIPE, LADDERS)
def vgg16(num_classes: int = 10) -> VGG:
    """The paper's VGG16: 14,728,266 parameters, 313,201,664 multiply-adds at 32x32."""
    return VGG(_STAGES, num_classes)
