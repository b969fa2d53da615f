"""The images that trained networks are tested on, wherever they come from."""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from .. import corruptions, data
from ..study import Study

SEVERITY = 3  # of the corruptions in part ``shift``, out of 5 (Section 5.1)
NEW_TEST_SET = {"cifar10": ("cifar10_1", "cifar10.1")}  # of a data set: the distribution, and its name among the data
CACHED_BYTES = 1 << 30  # of corrupted images: all nineteen corruptions of 10,000 small images take 0.6 GB
BLOCK_VALUES = 1 << 25  # numbers that networks are shown at a time: all test images of CIFAR-10, or 220 of ImageNet


@dataclass(frozen=True)
class TestSet:
    """Test images under one distribution, read in ranges, so that a set may be larger than memory.

    Attributes:
        name: of the distribution.
        labels: int64 [n].
        source: where the images come from, such as ``"cifar10 test"``, ``"generated"`` or ``"CIFAR-10-C"``.
        constants: that corrupted images were generated with; ``None`` for images that were not.
        read: ``read(first, count)`` gives images uint8 [count, 3, h, w].
    """

    name: str
    labels: torch.Tensor
    source: str
    constants: str | None
    read: Callable[[int, int], torch.Tensor]

    __test__ = False  # pytest takes every class of such a name for a test

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, first: int = 0, count: int | None = None) -> torch.Tensor:
        """uint8 [count, 3, h, w], from the image ``first`` on; all that follow if ``count`` is ``None``."""
        return self.read(first, len(self) - first if count is None else min(count, len(self) - first))

    def blocks(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All images and their labels, in ranges of a bounded size."""
        if not len(self):
            return
        size = max(1, BLOCK_VALUES // self.images(0, 1).numel())
        for first in range(0, len(self), size):
            images = self.images(first, size)
            yield images, self.labels[first : first + len(images)]


def distributions(study: Study) -> tuple[str, ...]:
    """Names of the test distributions of part ``shift``: the nominal test set, named like the data set, and shifts.

    Those that a user registered with the data set come first. A scale without a list of its own has the data set's new
    test set (CIFAR-10.1), if there is one, and all corruptions.
    """
    registered = (study.dataset, *data.DATASETS[study.dataset].shifts)
    if study.scale.corruptions is not None:
        return (*registered, *study.scale.corruptions)
    return (*registered, *NEW_TEST_SET.get(study.dataset, ())[:1], *corruptions.NAMES)


def corrupted_distributions(study: Study) -> tuple[str, ...]:
    """Those of :func:`distributions` that are corruptions, which have severities."""
    return tuple(name for name in distributions(study) if name in corruptions.NAMES)


def size(study: Study) -> int:
    """How many test images the study's scale uses."""
    whole = data.DATASETS[study.dataset].parts["test"].count
    return min(study.scale.test_images or whole, whole)


def chosen(labels: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """A seeded choice of ``count`` images with as many of every class as there are, or one less: int64, ascending.

    Args:
        labels: int64 [n].
        count: at most n.
        seed: a larger choice with the same seed holds the smaller one.
    """
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    rank = torch.empty_like(shuffled)  # of each image within its class, in the shuffled order
    for label in labels.unique():
        own = shuffled[labels[shuffled] == label]
        rank[own] = torch.arange(len(own))
    place = torch.empty_like(shuffled)
    place[shuffled] = torch.arange(len(shuffled))
    first = np.lexsort((place.numpy(), rank.numpy()))[:count]
    return torch.from_numpy(first).sort().values


def nominal(study: Study) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The test images of the scale, uint8 [n, 3, h, w], their labels int64 [n], and where they stand in the set."""
    return _nominal(study.dataset, size(study), study.seed_for("test images"))


@functools.lru_cache(maxsize=2)
def _nominal(dataset: str, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    split = data.load(dataset, "test")
    places = torch.arange(len(split.labels)) if count == len(split.labels) else chosen(split.labels, count, seed)
    return split.images[places], split.labels[places], places


def digest(study: Study) -> str:
    """SHA-256 of the nominal test images and their labels: results of other images are never joined with these."""
    return _digest(study.dataset, size(study), study.seed_for("test images"))


@functools.lru_cache(maxsize=8)
def _digest(dataset: str, count: int, seed: int) -> str:
    images, labels, _ = _nominal(dataset, count, seed)
    return hashlib.sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest()


def source(study: Study, distribution: str, severity: int = SEVERITY) -> str:
    """Where the images of a distribution come from; ``"generated"`` or ``"CIFAR-10-C"`` for a corruption.

    Raises:
        data.DataUnavailable: they are not available, or what lies in the data folder is damaged.
    """
    if distribution == study.dataset:
        return f"{study.dataset} test"
    if distribution in data.DATASETS[study.dataset].shifts:
        return "registered"
    if distribution == NEW_TEST_SET.get(study.dataset, ("",))[0]:
        name = NEW_TEST_SET[study.dataset][1]
        data.load(name, "test")
        return f"{name} test"
    published = study.dataset == "cifar10" and corruptions.published_corruption(distribution, severity, 0) is not None
    return "CIFAR-10-C" if published else "generated"


def test_set(study: Study, distribution: str, device: torch.device, severity: int = SEVERITY) -> TestSet:
    """The images of a distribution, as many as the study's scale uses and the distribution has.

    Raises:
        data.DataUnavailable: they are not available.
    """
    origin = source(study, distribution, severity)
    images, labels, places = nominal(study)
    if distribution not in corruptions.NAMES and distribution != study.dataset:
        own = distribution in data.DATASETS[study.dataset].shifts
        split = data.load(*(study.dataset, distribution) if own else (NEW_TEST_SET[study.dataset][1], "test"))
        images, labels = split.images[: len(images)], split.labels[: len(labels)]
    labels = labels.to(device)
    if distribution not in corruptions.NAMES:
        return TestSet(
            distribution, labels, origin, None, lambda first, count: images[first : first + count].to(device)
        )
    if origin != "generated":

        def published(first: int, count: int) -> torch.Tensor:
            whole = corruptions.published_corruption(distribution, severity)
            return whole[places[first : first + count]].to(device)

        return TestSet(distribution, labels, origin, None, _cached(study, distribution, severity, device, published))
    # The same random field at all severities: what differs between them is the severity alone.
    seed = study.seed_for("corruption", distribution)

    def generated(first: int, count: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        corruptions.draw_seeds(first, generator)  # of the images before: an image does not depend on its block
        part = images[first : first + count].to(device)
        return corruptions.corrupt_any(part, distribution, severity, "cifar10-c", generator)

    read = _cached(study, distribution, severity, device, generated)
    return TestSet(distribution, labels, origin, "cifar10-c", read)


def _cached(study: Study, distribution: str, severity: int, device: torch.device, read: Callable) -> Callable:
    """``read``, with what it gave kept, up to :data:`CACHED_BYTES`.

    On disk it would not be there sooner: making 10,000 images takes about as long as reading and checking them.
    """

    def through_cache(first: int, count: int) -> torch.Tensor:
        key = (digest(study), study.seed, distribution, severity, device, first, count)
        images = _kept.pop(key, None)
        _kept[key] = images = read(first, count) if images is None else images
        while len(_kept) > 1 and sum(kept.nbytes for kept in _kept.values()) > CACHED_BYTES:
            _kept.popitem(last=False)  # what was used longest ago
        return images

    return through_cache


_kept: OrderedDict[tuple, torch.Tensor] = OrderedDict()
