"""The data sets that exist, and what is known of each: a table, no code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tasks import Classification, Segmentation, Task
from . import sources, voc
from .synsets import synsets


@dataclass(frozen=True)
class Part:
    """One split: how many images it has, and the SHA-256 of its uint8 arrays [n, 3, h, w] and [n].

    No digest of the images: only that of the file that they come from is known. The first kept copy records its own.
    No digest at all: a set of image files.
    """

    count: int
    images_sha256: str | None = None
    labels_sha256: str | None = None


@dataclass(frozen=True)
class Dataset:
    """Facts about a data set.

    Attributes:
        classes: names, in the order of the labels; of image files the tree itself says which of them it has.
        image_shape: (channels, height, width); of image files, at which the paper or the set's authors test.
        mean, std: per channel, of pixels in [0, 1]; what the networks' input is normalised with.
        parts: its splits by name.
        sources: its sources, in the order in which they are tried; none for image files, see ``trees``.
        task: the task that networks are trained for on it.
        centre: which share of an image's shorter side the square in its centre has that networks are tested on;
            ``None``: they are tested on the whole image.
        registered: splits that a user registered, by name; they have no sources.
        shifts: those of them that are test sets from other distributions.
    """

    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    parts: dict[str, Part]
    sources: tuple[sources.Source, ...] = ()
    task: Task = Classification()
    centre: float | None = None
    registered: Mapping[str, Any] = field(default_factory=dict)
    shifts: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int:
        return len(self.classes)


_CIFAR10 = Dataset(
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    image_shape=(3, 32, 32),
    # The constants of the paper's code. The std is not that of the pixels (0.2470, 0.2435, 0.2616) but the mean
    # of the images' own stds; it stays, since published results were made with it.
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    parts={
        "train": Part(
            count=50_000,
            images_sha256="9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111",
            labels_sha256="2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
        ),
        "test": Part(
            count=10_000,
            images_sha256="177777c33ba79825320efa646ad04a94bdc3c80e4ebe3bd21724f8cdfd4b9d56",
            labels_sha256="cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
        ),
    },
    sources=sources.CIFAR10,
)

_IMAGENET = Dataset(
    classes=synsets(),
    image_shape=(3, 224, 224),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    parts={},
)

DATASETS = {
    "cifar10": _CIFAR10,
    # Recht et al., Do CIFAR-10 Classifiers Generalize to CIFAR-10?, 2018: version 6, 200 new test images per class for
    # networks that were trained on CIFAR-10, whose constants it shares.
    "cifar10.1": dataclasses.replace(
        _CIFAR10,
        parts={
            "test": Part(
                count=2_000,
                images_sha256=None,
                labels_sha256="783ded2cd634604d77909249bf721cf46185a8401e95753ab3636fc8edcb816c",
            )
        },
        sources=sources.CIFAR10_1,
    ),
    # The mean and standard deviation of ImageNet's training images, which torchvision's networks were trained with.
    "imagenet": dataclasses.replace(
        _IMAGENET, parts={"train": Part(count=1_281_167), "test": Part(count=50_000)}, centre=224 / 256
    ),
    "tiny_imagenet": dataclasses.replace(
        _IMAGENET, image_shape=(3, 64, 64), parts={"train": Part(count=100_000), "test": Part(count=10_000)}
    ),
    "objectnet": dataclasses.replace(_IMAGENET, parts={"test": Part(count=18_574)}, centre=224 / 256),
    # With SBD's masks and without VOC2012's own validation images, as the list train_aug.txt has them.
    "voc": dataclasses.replace(
        _IMAGENET,
        classes=voc.CLASSES,
        image_shape=(3, 513, 513),
        parts={"train": Part(count=10_582), "test": Part(count=1_449)},
        task=Segmentation(len(voc.CLASSES), voc.IGNORE),
    ),
}


def trainable() -> tuple[str, ...]:
    """The data sets that networks can be trained on; the others are test sets."""
    return tuple(name for name, facts in DATASETS.items() if "train" in facts.parts)
