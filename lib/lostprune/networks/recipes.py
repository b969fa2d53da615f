"""The type of a training recipe; a network's own recipe stands where the network is registered."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, or retrained in each cycle (Tables 3, 5 and 7).

    Attributes:
        epochs: passes over the training images; for retraining, 0 means that the network is only pruned.
        batch_size: images per step; the last, smaller batch of an epoch is kept.
        learning_rate: peak learning rate of SGD.
        milestones: epochs after which the learning rate is multiplied by ``decay``; fractions of an epoch are fine.
        decay: factor at each milestone.
        warmup_epochs: the learning rate grows linearly from 0 over this many epochs.
        momentum, nesterov, weight_decay: settings of SGD; the decay applies to every parameter, also of batch norms.
        polynomial_power: the power of the factor ``1 - step / all steps``, which 0 leaves out (Table 7: 0.9).

    Raises:
        ValueError: a negative number of epochs, no image per step, or a learning rate that is not a positive number.
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
    polynomial_power: float = 0.0

    def __post_init__(self) -> None:
        for field, least in (("epochs", 0), ("batch_size", 1)):
            if getattr(self, field) < least:
                raise ValueError(f"recipe: got {field} {getattr(self, field)!r}, expected at least {least}")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"recipe: got learning_rate {self.learning_rate!r}, expected a positive number")
        object.__setattr__(self, "milestones", tuple(self.milestones))  # a list would not be hashable

    def shortened(self, epochs: int | None, batch_size: int | None) -> Recipe:
        """The same shape in ``epochs`` epochs: warm-up and milestones keep their place in the run.

        Another batch size scales the learning rate with it (Goyal et al., 2017, as in Section 3.1). ``None`` keeps
        what the recipe has.
        """
        epochs, batch_size = self.epochs if epochs is None else epochs, batch_size or self.batch_size
        factor = epochs / self.epochs if self.epochs else 0.0
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
        rate *= self.decay ** sum(step >= milestone * steps_per_epoch for milestone in self.milestones)
        return rate * (1.0 - step / (self.epochs * steps_per_epoch)) ** self.polynomial_power
