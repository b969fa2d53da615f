"""DeeplabV3 with a ResNet50 (Chen et al., 2017), which is torchvision's, and how the paper trains and prunes it."""

from __future__ import annotations

from torch import nn

from ..foundations import lazy
from .ladders import Ladder, geometric
from .recipes import Recipe
from .registry import register

models = lazy.Module("torchvision.models")

# Table 7: the learning rate falls after each step. The batch size is the paper's; the original study's code has 16.
RECIPE = Recipe(45, 32, 0.02, milestones=(), decay=1.0, warmup_epochs=0, polynomial_power=0.9)
LADDER = Ladder.in_steps(1, geometric(0.8, 0.1, 10), geometric(0.08, 0.03, 5))


@register("deeplabv3_resnet50", RECIPE, ladder={"nominal": LADDER})
def deeplabv3_resnet50(num_classes: int = 21) -> nn.Module:
    """float32 [n, 3, h, w] -> ``{"out", "aux"}``, logits [n, classes, h, w] each, of the last and the auxiliary head.

    For 21 classes 42,004,074 parameters, 1.79e11 multiply-adds at 513x513, with the auxiliary head.
    """
    return models.segmentation.deeplabv3_resnet50(weights_backbone=None, num_classes=num_classes, aux_loss=True)
