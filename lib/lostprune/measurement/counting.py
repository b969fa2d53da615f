"""The measurement that several parts share: what the task counts on every image of a distribution, and the loss."""

from __future__ import annotations

import torch
from torch import nn

from .. import data
from ..foundations.progress import Progress
from . import inference, test_sets
from .networks import Item, TrainedNetworks
from .resumable import Measurement, Values


def count(networks: TrainedNetworks, distribution: str, severity: int = test_sets.SEVERITY) -> Measurement:
    """``counts``, int32 [items, images, …] (see :mod:`lostprune.tasks`), and ``loss``, float64 [items].

    Raises:
        data.DataUnavailable: the distribution is not available.
    """
    study, device = networks.study, networks.device

    def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
        shown = test_sets.test_set(study, distribution, device, severity)
        counts, losses, labelled = [[] for _ in items], torch.zeros(len(items), dtype=torch.float64), 0
        for images, labels in shown.blocks():
            inputs = data.normalize(images, study.dataset)
            weight = study.task.labelled(labels)
            labelled += weight
            for i, logits in enumerate(inference.each([loaded[position] for (position,) in items], inputs, bar.step)):
                counts[i].append(shown.task.counts(logits, labels).to(torch.int32))
                if weight:
                    losses[i] += study.task.loss(logits, labels, torch.float64).item() * weight
        return {"counts": torch.stack([torch.cat(blocks) for blocks in counts]), "loss": losses / labelled}

    origin = f"{test_sets.source(study, distribution, severity)}, {test_sets.digest(study)}"
    if test_sets.is_cut(study, distribution):
        origin += ", of every class as many"
    return Measurement(f"{distribution}-{severity}", origin, test_sets.size(study), take)
