"""The data sets that exist, and what is known of each: a table, no code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tasks import Classification, Segmentation
from . import sources


@dataclass(frozen=True)
class Part:
    """One split: how many images it has, and the SHA-256 of its uint8 arrays [n, 3, h, w] and [n].

    No digest of the images: only that of the file that they come from is known. The first kept copy records its own.
    """

    count: int
    images_sha256: str | None
    labels_sha256: str


@dataclass(frozen=True)
class Dataset:
    """Facts about a data set.

    Attributes:
        classes: names, in the order of the labels.
        image_shape: (channels, height, width).
        mean, std: per channel, of pixels in [0, 1]; what the networks' input is normalised with.
        parts: its splits by name.
        sources: where it can come from, in the order in which they are tried.
        task: what networks are trained for on it.
        registered: splits that a user registered, by name; they have no sources.
        shifts: those of them that are test sets from other distributions.
    """

    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    parts: dict[str, Part]
    sources: tuple[sources.Source, ...]
    task: Classification | Segmentation = Classification()
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
}


def trainable() -> tuple[str, ...]:
    """The data sets that networks can be trained on; the others are test sets."""
    return tuple(name for name, facts in DATASETS.items() if "train" in facts.parts)
