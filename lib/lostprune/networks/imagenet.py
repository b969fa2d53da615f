"""The ResNets for ImageNet (He et al., 2016), which are torchvision's, and how the paper trains and prunes them."""

from __future__ import annotations

from torch import nn

from ..foundations import lazy
from .ladders import Ladder, geometric, linear
from .recipes import Recipe
from .registry import register

models = lazy.Module("torchvision.models")

# Table 5; the original study (lucaslie/torchprune at 14b392c) retrained likewise, once for every step of a ladder.
RECIPE = Recipe(90, 256, 0.1, milestones=(30, 60, 80), decay=0.1, warmup_epochs=5)
_TO_35_PERCENT = geometric(0.90, 0.35, 12)
LADDER_18 = Ladder.in_steps(1, _TO_35_PERCENT, linear(0.31, 0.10, 6))
LADDER_101 = Ladder.in_steps(1, _TO_35_PERCENT, linear(0.31, 0.184, 4))


@register("resnet18", RECIPE, ladder={"nominal": LADDER_18})
def resnet18(num_classes: int = 10) -> nn.Module:
    """float32 [n, 3, h, w] -> [n, classes]; with 1,000 classes 11,689,512 parameters, 1.81e9 multiply-adds at 224."""
    return models.resnet18(num_classes=num_classes)


@register("resnet101", RECIPE, ladder={"nominal": LADDER_101})
def resnet101(num_classes: int = 10) -> nn.Module:
    """float32 [n, 3, h, w] -> [n, classes]; with 1,000 classes 44,549,160 parameters, 7.80e9 multiply-adds at 224."""
    return models.resnet101(num_classes=num_classes)
