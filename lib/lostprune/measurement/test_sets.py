"""What trained networks are tested on, and what is measured of their predictions."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .. import corruptions, data
from ..study import Study

SEVERITY = 3  # of the corruptions in part ``shift``, out of 5 (Section 5.1)
NEW_TEST_SET = {"cifar10": ("cifar10_1", "cifar10.1")}  # of a data set: the distribution, and its name among the data
CACHED_BYTES = 1 << 30  # of corrupted images: all nineteen corruptions of 10,000 small images take 0.6 GB


class TestImages(NamedTuple):
    """Test images under one distribution: uint8 [n, 3, h, w], labels int64 [n], and where the images are from."""

    images: torch.Tensor
    labels: torch.Tensor
    source: str


def test_size(study: Study) -> int:
    """How many test images the study's scale uses."""
    whole = len(data.load(study.dataset, "test").labels)
    return min(study.scale.test_images or whole, whole)


def test_part(study: Study, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The test images uint8 [n, 3, h, w] and labels int64 [n] of the study's scale."""
    split = data.load(study.dataset, "test")
    count = test_size(study)
    return split.images[:count].to(device), split.labels[:count].to(device)


def distributions(study: Study) -> tuple[str, ...]:
    """Names of the test distributions of part ``shift``: the nominal test set, named like the data set, comes first.

    Those that a user registered with the data set follow. A scale without a list of its own has the data set's new test
    set (CIFAR-10.1), if there is one, and all corruptions.
    """
    registered = (study.dataset, *data.DATASETS[study.dataset].shifts)
    if study.scale.corruptions is not None:
        return (*registered, *study.scale.corruptions)
    return (*registered, *NEW_TEST_SET.get(study.dataset, ())[:1], *corruptions.NAMES)


def corrupted_distributions(study: Study) -> tuple[str, ...]:
    """Those of :func:`distributions` that are corruptions, which have severities."""
    return tuple(name for name in distributions(study) if name in corruptions.NAMES)


def source(study: Study, distribution: str, severity: int = SEVERITY) -> str:
    """Where the images of a distribution come from; ``"generated"`` or ``"CIFAR-10-C"`` for a corruption.

    Raises:
        data.DataUnavailable: they cannot be had, or what lies in the data folder is damaged.
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


def test_images(study: Study, distribution: str, device: torch.device, severity: int = SEVERITY) -> TestImages:
    """The images of a distribution, as many as the study's scale uses and the distribution has.

    Corrupted images are made once and kept, up to :data:`CACHED_BYTES`. On disk they would not be there sooner: making
    10,000 takes about as long as reading and checking them.

    Raises:
        data.DataUnavailable: they cannot be had.
    """
    origin = source(study, distribution, severity)
    if distribution == study.dataset:
        return TestImages(*test_part(study, device), origin)
    if distribution not in corruptions.NAMES:
        own = distribution in data.DATASETS[study.dataset].shifts
        name = (study.dataset, distribution) if own else (NEW_TEST_SET[study.dataset][1], "test")
        split, count = data.load(*name), test_size(study)
        return TestImages(split.images[:count].to(device), split.labels[:count].to(device), origin)
    images, labels = test_part(study, device)
    key = (study.dataset, study.seed, distribution, severity, origin, len(images), device)
    corrupted = _cached.pop(key, None)
    if corrupted is None and origin == "generated":
        # The same random field at all severities: what differs between them is the severity alone.
        generator = torch.Generator().manual_seed(study.seed_for("corruption", distribution))
        corrupted = corruptions.corrupt_any(images, distribution, severity, "cifar10-c", generator)
    elif corrupted is None:
        corrupted = corruptions.published_corruption(distribution, severity, len(images)).to(device)
    _cached[key] = corrupted
    while len(_cached) > 1 and sum(kept.nbytes for kept in _cached.values()) > CACHED_BYTES:
        _cached.popitem(last=False)  # the one that was used longest ago
    return TestImages(corrupted, labels, origin)


_cached: OrderedDict[tuple, torch.Tensor] = OrderedDict()


def noisy(inputs: torch.Tensor, level: float, seed: int) -> torch.Tensor:
    """Inputs plus uniform noise from [-level, level] per value, in normalised space, not clipped (Section 4.1)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(inputs.shape, generator=generator).to(inputs.device)
    return inputs + (2 * noise - 1) * level


def wrong(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Which images are misclassified, bool [..., n], of logits [..., n, classes]."""
    return logits.argmax(-1) != labels


def error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Fraction of wrong predictions, float64 [...], of logits [..., n, classes]."""
    return wrong(logits, labels).double().mean(-1)


def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy, float64, of logits [n, classes]."""
    return F.cross_entropy(logits.double(), labels)


def matching_predictions(logits: torch.Tensor, parent: torch.Tensor) -> torch.Tensor:
    """Fraction of images on which two networks predict the same (Section 4.1), of logits [n, classes] each."""
    return (logits.argmax(-1) == parent.argmax(-1)).double().mean()


def softmax_distance(logits: torch.Tensor, parent: torch.Tensor) -> torch.Tensor:
    """Mean Euclidean distance between the softmax outputs of two networks, of logits [n, classes] each."""
    return (logits.double().softmax(-1) - parent.double().softmax(-1)).norm(dim=-1).mean()
