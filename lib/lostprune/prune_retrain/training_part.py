"""What networks are trained on and pruned by: the training part of a study's data set, and its samples S."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch

from .. import data, pruning
from ..study import Study
from ..training import alter
from .checkpoints import untrained


def training_part(
    study: Study, count: int, device: torch.device
) -> tuple[torch.Tensor | Sequence[torch.Tensor], torch.Tensor | Sequence[torch.Tensor], torch.Tensor]:
    """Training images uint8 [n,3,h,w], labels int64 [n], and the samples S as network inputs float32 [s,3,h,w].

    Images and labels that are read one by one stay as they are, on no device. The samples are altered once, as training
    alters images; the training images are altered again in every epoch.
    """
    train, samples = _whole(study, device, data.locate(), data.fingerprint(study.dataset, "train"))
    if isinstance(train.images, torch.Tensor):
        return train.images[:count], train.labels[:count], samples
    chosen = data.choose(train, torch.arange(min(count, len(train.labels))))  # a part of a data set has fewer
    return chosen.images, chosen.labels, samples


@functools.lru_cache(maxsize=1)  # all chains of a device share one copy, until the folder or a registered set changes
def _whole(study: Study, device: torch.device, *_: object) -> tuple[data.Split, torch.Tensor]:
    split = study.load("train")
    size = pruning.sample_size(untrained(study), study.image_shape)
    train_part, _, sample_part = data.split_training(len(split.labels), study.seed_for("split"), size)
    if not len(sample_part):
        raise ValueError(
            f"{study.dataset}: got {len(split.labels)} training images, expected at least 20: one in ten is kept for "
            "validation, and half of those are the samples that networks are pruned by"
        )
    train = data.choose(split, train_part[: study.train_images])
    seen = data.tested(data.choose(split, sample_part), data.DATASETS[study.dataset], study.image_shape[1])
    generator = torch.Generator().manual_seed(study.seed_for("samples"))
    samples = data.normalize(alter(seen.images, study.training, generator), study.dataset)
    if isinstance(train.images, torch.Tensor):
        train = train._replace(images=train.images.to(device), labels=train.labels.to(device))
    return train, samples.to(device)
