"""What a reader hands in, made ready: test sets, normalisation, the task; and everything that can be wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from .. import tasks
from ..data import DATASETS, TREES, Split, load, standardize, task_of, test_view, viewed
from ..data.items import split_of
from ..foundations.reasons import first_line
from ..tasks import Task
from .measured import NETWORKS
from .models import Logits


def test_sets_of(
    given: object, shifts: Mapping[str, object], classes: Sequence[str] | None, task: Task | None = None
) -> tuple[str, Split, dict[str, Split]]:
    """The name of the nominal distribution, its images, and the shifted ones by name."""
    further, ignore = {}, getattr(task, "ignore", tasks.Segmentation.ignore)
    if isinstance(given, str) and given in DATASETS:
        nominal, split = given, _as_tested(given)
        split = split if classes is None else split._replace(classes=tuple(classes))
        further |= {shift: load(given, shift) for shift in DATASETS[given].shifts}
    elif isinstance(given, str) and not os.path.isdir(given):
        raise ValueError(
            f"data: got {given!r}, expected a registered name ({', '.join(DATASETS)}) or a folder that exists; "
            "register your own with lostprune.data.register"
        )
    else:
        nominal = Path(given).absolute().name if isinstance(given, str | os.PathLike) else "test"
        split = split_of("data", given, classes, ignore=ignore)
    for name, one in shifts.items():
        further[name] = split_of(f"shift {name}", one, classes or split.classes, len(split.images[0]), ignore)
    return nominal, split, further


def _as_tested(name: str) -> Split:
    """The test set of a registered name; image files as networks are tested on them, each read when it is taken."""
    if name not in TREES:
        return load(name, "test")
    facts = DATASETS[name]
    split = load(name, "test", image_size=facts.image_shape[1])
    if isinstance(split.images, torch.Tensor):
        return split
    view = test_view(facts, facts.image_shape[1])
    images = _Seen(split.images, lambda image: viewed(view, image, None)[0])
    if isinstance(split.labels, torch.Tensor):
        return split._replace(images=images)
    masks = _Seen(split.labels, lambda mask: viewed(view, torch.zeros(3, *mask.shape, dtype=torch.uint8), mask)[1])
    return split._replace(images=images, labels=masks)


class _Seen(Sequence):
    """A sequence of images or masks, each through a view when it is taken."""

    def __init__(self, items: Sequence[torch.Tensor], see: Callable[[torch.Tensor], torch.Tensor]):
        self._items, self._see = items, see

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int | slice) -> torch.Tensor | list[torch.Tensor]:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        return self._see(self._items[index])


def normalizer(given: object, split: Split, mean: object, std: object) -> Callable[[torch.Tensor], torch.Tensor]:
    """From pixels to network inputs."""
    channels = len(split.images[0])
    facts = DATASETS.get(given) if isinstance(given, str) else None
    mean = (facts.mean if facts else 0.0) if mean is None else mean
    std = (facts.std if facts else 1.0) if std is None else std
    try:
        means, stds = (np.broadcast_to(np.asarray(one, float), channels).tolist() for one in (mean, std))
    except ValueError as error:
        raise ValueError(
            f"mean, std: got {mean!r} and {std!r}, expected one number for each of {channels} channels"
        ) from (error)
    if min(stds) <= 0:
        raise ValueError(f"std: got {std!r}, expected positive numbers")
    return lambda images: standardize(images, means, stds)


def task_and_classes(
    given: object, task: Task | None, split: Split, networks: list[Logits], image: torch.Tensor
) -> tuple[Task, tuple[str, ...]]:
    """What the networks are for, by the data and by what they give for one image."""
    pixels = torch.as_tensor(split.labels[0]).dim() == 2
    shapes = []
    for role, network in zip(NETWORKS, networks, strict=True):
        try:
            with torch.inference_mode():
                shapes.append(list(network(image).shape))
        except Exception as error:  # whatever the network's own code raises
            raise ValueError(
                f"{role}: it cannot take an image of shape {list(image.shape[1:])} "
                f"({type(error).__name__}: {first_line(error)}); check the size and the channels of the images"
            ) from error
    expected = [1, shapes[0][1] if len(shapes[0]) > 1 else 0, *(image.shape[2:] if pixels else ())]
    for role, shape in zip(NETWORKS, shapes, strict=True):
        if shape != expected:
            what = "a logit for every class and pixel" if pixels else "a logit for every class, as many as the other's"
            raise ValueError(f"{role}: got outputs of shape {shape} for one image, expected {expected}: {what}")
    outputs, classes = expected[1], split.classes
    if task is None and isinstance(given, str) and given in DATASETS:
        task = task_of(given, classes)
    if len(classes) != outputs and getattr(task, "meaning", None) is None:
        if classes != tuple(map(str, range(len(classes)))) or len(classes) > outputs:
            raise ValueError(
                f"data: got {len(classes)} classes, but the networks give {outputs} outputs; pass classes=(…) with the "
                "name of every output, in their order"
            )
        classes = tuple(map(str, range(outputs)))  # numbers: the last ones may not occur in the images
    if task is None:
        task = tasks.Segmentation(outputs) if pixels else tasks.Classification()
    if isinstance(task, tasks.Segmentation) != pixels:
        raise ValueError(f"task: got {task}, but the labels are of shape {list(split.labels[0].shape)} for each image")
    return task, classes
