"""Training recipes: Table 3 of the paper, and the schedules of the original study where they differ from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, or retrained in each cycle (Table 3).

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step; the last, smaller batch of an epoch is kept.
        learning_rate: peak learning rate of SGD.
        milestones: epochs after which the learning rate is multiplied by ``decay``; fractions of an epoch are fine.
        decay: factor at each milestone.
        warmup_epochs: the learning rate grows linearly from 0 over this many epochs.
        momentum, nesterov, weight_decay: of SGD; the decay applies to every parameter, batch norm included.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    milestones: tuple[float, ...]
    decay: float
    warmup_epochs: float
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4

    def shortened(self, epochs: int | None, batch_size: int | None) -> Recipe:
        """The same shape in ``epochs`` epochs: warm-up and milestones keep their place in the run.

        Another batch size scales the learning rate with it (Goyal et al., 2017, as in Section 3.1). ``None`` keeps
        what the paper has.
        """
        epochs, batch_size = epochs or self.epochs, batch_size or self.batch_size
        factor = epochs / self.epochs
        return dataclasses.replace(
            self,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=self.learning_rate * batch_size / self.batch_size,
            milestones=tuple(milestone * factor for milestone in self.milestones),
            warmup_epochs=self.warmup_epochs * factor,
        )

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of one step, counted from 0 at the start of the run; step 0 of a warm-up has rate 0."""
        warmup = self.warmup_epochs * steps_per_epoch
        rate = self.learning_rate * min(step / warmup, 1.0) if warmup else self.learning_rate
        return rate * self.decay ** sum(step >= milestone * steps_per_epoch for milestone in self.milestones)


_RESNET = Recipe(182, 128, 0.1, milestones=(91, 136), decay=0.1, warmup_epochs=5)
_VGG = Recipe(
    300,
    256,
    0.05,
    milestones=tuple(range(30, 300, 30)),
    decay=0.5,
    warmup_epochs=10,
    weight_decay=5e-4,
)

# How the original study trained, nominal and robust alike. Where that is not what Table 3 prints, ``DISAGREEMENTS``
# (disagreements.py) says so.
RECIPES = {
    "resnet20": _RESNET,
    "resnet56": _RESNET,
    "resnet110": _RESNET,
    "vgg16": _VGG,
    "densenet22": Recipe(300, 64, 0.1, milestones=(150, 225), decay=0.1, warmup_epochs=10, nesterov=True),
    "wrn16_8": Recipe(
        200,
        128,
        0.1,
        milestones=(60, 120, 160),
        decay=0.2,
        warmup_epochs=5,
        nesterov=True,
        weight_decay=5e-4,
    ),
}
# Retraining is the training recipe over again (Algorithm 1, line 6), but VGG16's ends half-way through it.
RETRAIN_RECIPES = RECIPES | {"vgg16": dataclasses.replace(_VGG, epochs=150, milestones=tuple(range(30, 150, 30)))}


def recipe_for(network: str) -> Recipe:
    """The recipe of a network of the paper; a network of the user's own trains like the ResNets."""
    return RECIPES.get(network, _RESNET)


def retrain_recipe_for(network: str) -> Recipe:
    """How each cycle retrains the network; like :func:`recipe_for`, except for VGG16."""
    return RETRAIN_RECIPES.get(network, _RESNET)
