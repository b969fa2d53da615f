"""A study of a reader's own network: registered for the audit, with its own ladder and way of retraining."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from torch import nn

from .. import networks
from ..networks.registry import REGISTERED
from ..study import Scale, Study
from ..training import Recipe

KEEP_RATIOS = (0.9, 0.75, 0.6, 0.45, 0.3)  # five steps from mild to strong: fractions of all parameters
# A few epochs: the learning rate is rewound to where training has not yet settled, and brought down again (Renda et
# al., Comparing Rewinding and Fine-tuning in Neural Network Pruning, ICLR 2020). The paper's own retraining repeats
# the whole training in each cycle.
RETRAIN = Recipe(3, 128, 0.01, milestones=(1.5, 2.25), decay=0.1, warmup_epochs=0.1)


def own_study(
    name: str,
    builder: Callable[..., nn.Module],
    dataset: str,
    methods: Sequence[str],
    *,
    weights: str | os.PathLike | None = None,
    recipe: Recipe | None = None,
    training: str = "nominal",
    keep_ratios: Sequence[float] = KEEP_RATIOS,
    retrain_epochs: int = RETRAIN.epochs,
    train_images: int | None = None,
    test_images: int | None = None,
    corruptions: Sequence[str] = (),
    seed: int = 0,
) -> Study:
    """Register a network and make the study that audits it: one parent, its chains, all test images.

    Args:
        name: the name to register the network under; it replaces another one of that name.
        builder: a function of ``num_classes`` that returns the network.
        dataset: a registered data set with training images.
        methods: names of pruning methods.
        weights: file of the trained parent's weights; ``None`` trains it first, with ``recipe``.
        recipe: how to train the parent; ``None`` takes ResNet20's.
        training: ``"robust"`` corrupts the images of training and retraining (Section 6); see :class:`Study`.
        keep_ratios: fractions of all parameters to keep, in falling order.
        retrain_epochs: epochs of each cycle, with the recipe :data:`RETRAIN`; 0 prunes only.
        train_images, test_images: how many images per epoch and of the test set; ``None`` means all.
        corruptions: names of corruptions to test on, besides the data set's own shifts.
        seed: the study's seed.

    Raises:
        ValueError, TypeError, FileNotFoundError: as networks.register and Study say.
    """
    retrain = RETRAIN.shortened(max(retrain_epochs, 1), None)
    recipe = recipe or (None if weights is None else retrain)  # a trained parent needs none
    networks.register(name, recipe=recipe, retrain_recipe=retrain, ladder=tuple(keep_ratios), weights=weights)(builder)
    scale = Scale(
        "audit",
        repetitions=1,
        retrain_epochs=0 if retrain_epochs == 0 else None,
        train_images=train_images,
        test_images=test_images,
        prune_only_steps=False,
        corruptions=tuple(corruptions),
    )
    return Study(name, dataset, training, methods=tuple(methods), scale=scale, seed=seed)


def free_name(wanted: str) -> str:
    """A name for a network of the reader's own that replaces none of this package's."""
    name = "".join(letter if letter.isalnum() else "_" for letter in wanted)
    name = name if name.isidentifier() else f"network_{name}"
    taken = name in REGISTERED and REGISTERED[name].builder.__module__.startswith("lostprune.")
    return f"own_{name}" if taken else name
