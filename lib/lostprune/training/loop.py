"""The training loop: SGD for one network or for several at once."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from ..foundations import threads
from ..networks.recipes import Recipe
from .kept_epochs import KeptEpochs
from .memory import keep_freed_memory
from .run import Run
from .trainer import Trainer

log = logging.getLogger("lostprune")
OnStep = Callable[[int, dict | None], None]


class Diverged(FloatingPointError):
    """The loss is no longer finite."""


def train(
    network: nn.Module,
    images: torch.Tensor | Sequence[torch.Tensor],
    labels: torch.Tensor | Sequence[torch.Tensor],
    recipe: Recipe,
    seed: int,
    dataset: str = "cifar10",
    masks: Mapping[str, torch.Tensor] | None = None,
    on_step: OnStep | None = None,
    image_size: int | None = None,
    training: str = "nominal",
) -> list[dict]:
    """Train ``network`` in place and return one record per epoch: ``epoch``, ``loss``, ``error``, ``learning_rate``.

    Every record also names the ``engine`` that ran it (:func:`engines_for` says which ones a device has).

    Args:
        network: a network on the device of the images.
        images: uint8 [n, 3, h, w]; or a sequence of uint8 [3, h, w] of any sizes, which are read when they are needed.
        labels: int64 [n]; of segmentation a sequence of int64 [h, w].
        recipe: epochs, batch size, learning rates (Table 3).
        seed: seed of the order of the images and of the augmentation; the same seed on the same CPU repeats bitwise.
        dataset: the data set; its constants normalise the images, and its task is learnt.
        masks: the weights that they prune stay exactly zero (Algorithm 1, line 6: training of c ⊙ θ). Call
            ``pruning.apply`` before, so that constants are folded.
        on_step: called after every step with the number of images seen in it, and the record at an epoch's end.
        image_size: size to which a sequence of images is cropped.
        training: ``"nominal"``, ``"robust"`` (Section 6) or another key of :data:`TRAIN_CORRUPTIONS`.

    Raises:
        Diverged: the mean loss of an epoch is not finite; names the epoch and the learning rate.
        ValueError: ``LOSTPRUNE_ENGINE`` names an engine that the device does not have; masks of another network; an
            unknown training.
    """
    (history,) = train_together(
        [Run(network, images, labels, recipe, seed, dataset, masks, image_size=image_size, training=training)], on_step
    )
    if isinstance(history, Diverged):
        raise history
    return history


def train_together(runs: Sequence[Run], on_step: OnStep | None = None) -> list[list[dict] | Diverged]:
    """Train several networks at once, each with its own weights, masks, data order and augmentation.

    On CUDA each one's step is a graph on a stream of its own, so that small networks fill the device together. What
    comes out is what :func:`train` gives for each alone: bitwise on a CPU. Where the device has not enough memory for
    all, half of them wait; no finished epoch is lost.

    A run with a folder ``kept`` resumes after the last epoch that is there. A run that is stopped by an exception loses
    the epoch it is in, one whose process is killed up to a minute more. The caller deletes the folder.

    Args:
        runs: runs on one device, with equal numbers of epochs; 0 leaves the networks as they are.
        on_step: as for :func:`train`; called for every network.

    Returns:
        For each run its history, or :class:`Diverged`: the others continue without it.
    """
    if not any(run.recipe.epochs for run in runs):
        return [[] for _ in runs]
    keep_freed_memory()
    if any(run.device.type == "cpu" for run in runs):
        threads.settle()
    trainers, kept = [Trainer(run) for run in runs], [KeptEpochs(run.kept, run.kept_of) for run in runs]
    outcomes: list[list[dict] | Diverged] = [_resumed(*one) for one in zip(trainers, kept, strict=True)]
    begun = [len(history) for history in outcomes]
    groups = [([i for i in range(len(runs)) if begun[i] == epoch], epoch) for epoch in sorted(set(begun))]
    while groups:
        group, epoch = groups.pop(0)
        before = {}
        try:
            for i in group:
                trainers[i].prepare()
            while group := [i for i in group if epoch < runs[i].recipe.epochs and isinstance(outcomes[i], list)]:
                before = {i: trainers[i].state() for i in group}
                for i in group:
                    kept[i].save(before[i], outcomes[i])
                records = run_epoch([trainers[i] for i in group], epoch, on_step)
                for i, record in zip(group, records, strict=True):
                    outcomes[i] = outcomes[i] + [record] if isinstance(record, dict) else record
                epoch += 1
                before = {}  # two copies at once may be more than the memory holds, and the older one is no use
        except torch.OutOfMemoryError:
            if len(group) == 1:
                raise
            for i in group:
                if i in before:
                    trainers[i].restore(before[i])
                trainers[i].release()
            half = (len(group) + 1) // 2
            log.warning("memory of the device: %d networks at once do not fit, continuing with %d", len(group), half)
            groups = [(group[:half], epoch), (group[half:], epoch), *groups]
        except BaseException:  # the time is up, or Ctrl-C
            for i, state in before.items():
                if isinstance(outcomes[i], list) and len(outcomes[i]) == epoch:
                    kept[i].save(state, outcomes[i], at_once=True)
            raise
    for run in runs:
        run.network.eval()
    return outcomes


def _resumed(trainer: Trainer, kept: KeptEpochs) -> list[dict]:
    """The records of the epochs that are kept; the trainer is where they end."""
    found = kept.load(trainer.state())
    if found is None:
        return []
    state, history = found
    trainer.restore(state)
    return history


def run_epoch(trainers: list[Trainer], epoch: int, on_step: OnStep | None) -> list[dict | Diverged]:
    """One epoch of networks that are prepared: for each its record, or how it ended."""
    for trainer in trainers:
        trainer.begin_epoch()
    for sizes in itertools.zip_longest(*(trainer.batch_sizes() for trainer in trainers)):
        for trainer, size in zip(trainers, sizes, strict=True):
            if size is not None:
                trainer.step(size)
                if on_step is not None:
                    on_step(size, None)
    records = []
    for trainer in trainers:
        recipe, steps = trainer.run.recipe, len(trainer.batch_sizes())
        rate = recipe.learning_rate_at((epoch + 1) * steps - 1, steps)
        record = {"epoch": epoch + 1, **trainer.end_epoch(), "learning_rate": rate}
        if not math.isfinite(record["loss"]):
            record = Diverged(
                f"training: the loss became {record['loss']} in epoch {epoch + 1} of {recipe.epochs} at learning rate "
                f"{rate:g}; the last finished cycle is kept. Try a smaller learning rate or a longer warm-up."
            )
        elif on_step is not None:
            on_step(0, record)
        records.append(record)
    return records
