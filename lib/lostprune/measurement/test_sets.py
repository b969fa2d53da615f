"""The images that trained networks are tested on, wherever they come from."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from .. import corruptions, data
from ..study import Study
from ..tasks import Segmentation, Task
from . import choice, published, reading

SEVERITY = 3  # of the corruptions in part ``shift``, out of 5 (Section 5.1)
# Of a data set: the distribution, and its name among the data.
NEW_TEST_SET = {"cifar10": ("cifar10_1", "cifar10.1"), "imagenet": ("objectnet", "objectnet")}
SMALL = 48  # pixels: up to this side, corruptions are generated with the constants of CIFAR-10-C, else of ImageNet-C
CACHED_BYTES = 1 << 30  # of corrupted images: all nineteen corruptions of 10,000 small images take 0.6 GB
BLOCK_VALUES = 1 << 25  # numbers that networks are shown at a time: all test images of CIFAR-10, or 220 of ImageNet


@dataclass(frozen=True)
class TestSet:
    """Test images under one distribution, read in ranges, so that a set may be larger than memory.

    Attributes:
        name: name of the distribution.
        labels: int64 [n], or masks int64 [n, h, w], whose ranges are read when they are used.
        source: source of the images, such as ``"cifar10 test"``, ``"generated"`` or ``"CIFAR-10-C"``.
        constants: the constants of generated corruptions; ``None`` for other images.
        read: ``read(first, count)`` gives images uint8 [count, 3, h, w].
        task: how predictions are counted.
        device: device of the images and labels that it returns.
    """

    name: str
    labels: torch.Tensor | reading.Masks
    source: str
    constants: str | None
    read: reading.Read
    task: Task
    device: torch.device

    __test__ = False  # pytest takes every class of such a name for a test

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, first: int = 0, count: int | None = None) -> torch.Tensor:
        """uint8 [count, 3, h, w], from the image ``first`` on; all that follow if ``count`` is ``None``."""
        return self.read(first, len(self) - first if count is None else min(count, len(self) - first)).to(self.device)

    def blocks(self, count: int | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The first ``count`` images (``None``: all) and their labels, in ranges of a bounded size."""
        count = len(self) if count is None else min(count, len(self))
        if not count:
            return
        pixels = self.images(0, 1)[0].numel()
        if isinstance(self.task, Segmentation):  # every pixel has a logit of each class
            pixels *= max(1, self.task.classes // 3)
        size = max(1, BLOCK_VALUES // pixels)
        for first in range(0, count, size):
            images = self.images(first, min(size, count - first))
            yield images, self.labels[first : first + len(images)].to(self.device)


def distributions(study: Study) -> tuple[str, ...]:
    """Names of the test distributions of part ``shift``: the nominal test set, named like the data set, and shifts.

    Those that a user registered with the data set come first. A scale without a list of its own has the data set's new
    test set (CIFAR-10.1), if there is one, and all corruptions.

    Raises:
        ValueError: a registered shift has the name of another distribution.
    """
    shifts = data.DATASETS[study.dataset].shifts
    if taken := [name for name in shifts if name in corruptions.NAMES or name in _new_test_set(study)[:1]]:
        raise ValueError(f"shifts of {study.dataset}: got {taken[0]!r}, which names another distribution; rename it")
    registered = (study.dataset, *shifts)
    if study.scale.corruptions is not None:
        return (*registered, *study.scale.corruptions)
    return (*registered, *_new_test_set(study)[:1], *corruptions.NAMES)


def constants_for(pixels: int) -> str:
    """Which constants fit images of so many pixels on their longer side: ImageNet-C's are too strong for small ones."""
    return "cifar10-c" if pixels <= SMALL else "imagenet-c"


def _new_test_set(study: Study) -> tuple[str, ...]:
    """The distribution and its name among the data; ImageNet's is for networks of all its classes."""
    return NEW_TEST_SET.get(study.dataset, ()) if study.scale.classes is None else ()


def corrupted_distributions(study: Study) -> tuple[str, ...]:
    """Those of :func:`distributions` that are corruptions, which have severities."""
    return tuple(name for name in distributions(study) if name in corruptions.NAMES)


def size(study: Study) -> int:
    """How many test images the study's scale uses, as far as the table of data sets says."""
    whole = data.DATASETS[study.dataset].parts["test"].count
    return min(study.scale.test_images or whole, whole)


def nominal(study: Study) -> tuple[torch.Tensor | Sequence, torch.Tensor | Sequence, torch.Tensor]:
    """The test images of the scale, uint8 [n, 3, h, w], their labels int64 [n], and their places in the set.

    Image files of any size, and their labels, are sequences whose items are read when they are used.
    """
    split, places = _chosen(study)
    return split.images, split.labels, places


def _chosen(study: Study) -> tuple[data.Split, torch.Tensor]:
    return _nominal(*_identity(study))


def _identity(study: Study) -> tuple:
    """What the choice depends on, with the data folder, and the digest of a data set that may be registered again."""
    what = study.dataset, study.scale.classes, study.image_shape, size(study), study.seed_for("test images")
    return *what, data.locate(), data.fingerprint(study.dataset, "test")


@functools.lru_cache(maxsize=2)
def _nominal(
    dataset: str, classes: int | None, image_shape: tuple[int, int, int], count: int, seed: int, *_: object
) -> tuple[data.Split, torch.Tensor]:
    split = data.load(dataset, "test", None, *((classes, image_shape[1]) if dataset in data.TREES else ()))
    count, places = min(count, len(split.labels)), torch.arange(len(split.labels))
    if count < len(split.labels):
        places = choice.chosen(choice.classes_of(split), count, seed)
    if data.is_class_after_class(split.labels):  # then parts that take the first images see all classes
        places = places[choice.by_turns(split.labels[places])]
    return data.choose(split, places), places


def digest(study: Study) -> str:
    """SHA-256 of the nominal test images and their labels: results of other images are never joined with these."""
    return _digest(*_identity(study))


@functools.lru_cache(maxsize=8)
def _digest(*of: object) -> str:
    return reading.content_digest(_nominal(*of)[0])


def source(study: Study, distribution: str, severity: int = SEVERITY) -> str:
    """Where the images of a distribution come from; ``"generated"`` or ``"CIFAR-10-C"`` for a corruption.

    Raises:
        data.DataUnavailable: they are not available, or what lies in the data folder is damaged.
    """
    if distribution == study.dataset:
        return f"{study.dataset} test"
    if distribution in data.DATASETS[study.dataset].shifts:
        return "registered"
    if distribution in _new_test_set(study)[:1]:
        name = NEW_TEST_SET[study.dataset][1]
        data.load(name, "test")
        return f"{name} test"
    return published.source(study, distribution, severity) or "generated"


def test_set(study: Study, distribution: str, device: torch.device, severity: int = SEVERITY) -> TestSet:
    """The images of a distribution, as many as the study's scale uses and the distribution has.

    Raises:
        data.DataUnavailable: they are not available.
    """
    origin, dataset, task = source(study, distribution, severity), study.dataset, study.task
    split, places = _chosen(study)
    if distribution in _new_test_set(study)[:1]:
        dataset = NEW_TEST_SET[study.dataset][1]
        split = _some(data.load(dataset, "test"), study, distribution)
        task = data.task_of(dataset, split.classes)
    if distribution in data.DATASETS[dataset].shifts:
        split = _some(data.load(dataset, distribution), study, distribution)
    facts, (height, width) = data.DATASETS[dataset], study.image_shape[1:]
    pixels = height if height == width else (height, width)
    labels, read = reading.labels_of(split, facts, pixels), reading.images_of(split, facts, pixels)
    if distribution not in corruptions.NAMES:
        return TestSet(distribution, labels, origin, None, read, task, device)
    constants = None
    if origin == "generated":
        # Data sets of photographs have the constants that were made for them, at whatever size they are shown.
        constants = "imagenet-c" if dataset in data.TREES else constants_for(max(study.image_shape[1:]))
        read = _corrupted(study, distribution, severity, device, constants, split, read)
    else:
        read = published.read(study, distribution, severity, places)
    read = _cached(study, distribution, severity, device, read)
    return TestSet(distribution, labels, origin, constants, read, task, device)


def _some(split: data.Split, study: Study, distribution: str) -> data.Split:
    """As many images of another test set as the scale uses, spread over its classes: a folder has class after class."""
    count = min(study.scale.test_images or len(split.labels), len(split.labels))
    if count == len(split.labels):
        return split
    return data.choose(
        split, choice.chosen(choice.classes_of(split), count, study.seed_for("test images", distribution))
    )


def is_cut(study: Study, distribution: str) -> bool:
    """Whether a registered shift has more images than the study is tested on."""
    facts = data.DATASETS[study.dataset]
    return distribution in facts.shifts and facts.parts[distribution].count > size(study)


def _corrupted(
    study: Study,
    distribution: str,
    severity: int,
    device: torch.device,
    constants: str,
    split: data.Split,
    read: reading.Read,
) -> reading.Read:
    """Reads corrupted images: those with masks are corrupted at their own size, all others at that of the networks."""
    # The same random field at all severities: what differs between them is the severity alone.
    seed = study.seed_for("corruption", distribution)

    def corrupt(images: torch.Tensor, first: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        corruptions.draw_seeds(first, generator)  # of the images before: an image does not depend on its block
        return corruptions.corrupt_any(images.to(device), distribution, severity, constants, generator)

    if isinstance(study.task, Segmentation) and not isinstance(split.images, torch.Tensor):
        return reading.corrupted_first(split, data.DATASETS[study.dataset], study.image_shape[1], corrupt)
    return lambda first, count: corrupt(read(first, count), first)


def _cached(study: Study, distribution: str, severity: int, device: torch.device, read: Callable) -> Callable:
    """``read``, with what it gave kept, up to :data:`CACHED_BYTES`.

    On disk it would not be there sooner: making 10,000 images takes about as long as reading and checking them.
    """

    def through_cache(first: int, count: int) -> torch.Tensor:
        key = (digest(study), study.image_shape, study.seed, distribution, severity, device, first, count)
        images = _kept.pop(key, None)
        _kept[key] = images = read(first, count) if images is None else images
        while len(_kept) > 1 and sum(kept.nbytes for kept in _kept.values()) > CACHED_BYTES:
            _kept.popitem(last=False)  # what was used longest ago
        return images

    return through_cache


_kept: OrderedDict[tuple, torch.Tensor] = OrderedDict()
