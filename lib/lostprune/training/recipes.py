"""Training recipes (Table 3 of the paper) and the ladders of keep ratios that PruneRetrain walks down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, and retrained in each cycle (Table 3).

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
RECIPES = {"resnet20": _RESNET}


def recipe_for(network: str) -> Recipe:
    """The recipe of a network of the paper; a network of the user's own trains like the ResNets."""
    return RECIPES.get(network, _RESNET)


def _resnet20_ladder() -> tuple[tuple[float, ...], ...]:
    """The keep ratios of the original study's ResNet20: 69 pruning steps, every third one followed by retraining."""
    ratios = np.concatenate(
        [np.geomspace(0.99, 0.855, 2), np.geomspace(0.85, 0.15, 58), np.linspace(0.132, 0.02, 9)]
    ).tolist()
    return tuple(tuple(ratios[i : i + 3]) for i in range(0, len(ratios), 3))


_LADDERS = {"resnet20": _resnet20_ladder()}


def ladder_for(
    network: str, cycles: int | None = None, smallest: float = 0.0, prune_only_steps: bool = True
) -> tuple[tuple[float, ...], ...]:
    """The keep ratios (fractions of all parameters, falling) of each prune-retrain cycle; retraining follows the last.

    Args:
        network: name; a network of the user's own takes ResNet20's ladder.
        cycles: how many cycles to keep, evenly spaced from the first to the last; ``None`` keeps all.
        smallest: cycles that end below this keep ratio are left out.
        prune_only_steps: whether a cycle prunes in several smaller steps before it retrains, as the original does.
    """
    ladder = [cycle for cycle in _LADDERS.get(network, _LADDERS["resnet20"]) if cycle[-1] >= smallest]
    if cycles is not None:
        picked = sorted({round(float(i)) for i in np.linspace(0, len(ladder) - 1, cycles)})
        ladder = [ladder[i] for i in picked]
    return tuple(cycle if prune_only_steps else cycle[-1:] for cycle in ladder)
