"""Data sets of the user's own by name: ``register("mydata", …)`` makes ``dataset="mydata"`` work everywhere."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ..foundations.choices import check_choice
from ..tasks import Classification, Segmentation, Task
from .datasets import DATASETS, Dataset, Part
from .items import Items, split_of
from .split import Split, identity

_MEASURED = 10_000  # training images that a mean and std are computed from


def register(
    name: str,
    train: object = None,
    test: object = None,
    shifts: Mapping[str, object] | None = None,
    classes: Sequence[str] | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    image_size: int | None = None,
) -> None:
    """Make a data set available by name to studies, notebooks, the audit and the command line.

    Every set of images is one of: a pair (images, labels) of arrays or tensors; the path of a folder with a folder of
    images for each class; a map-style ``torch.utils.data.Dataset`` (of torchvision's, for example) of pairs (image,
    label); a :class:`Split`. Pixels are uint8, or floats in [0, 1], with 1 or 3 channels. A label is a class, or a mask
    with the class of each pixel, 255 where it counts nowhere. Leave augmentation and normalisation out of a data set's
    transform: images and labels are read once, checked, and told apart from others by what is in them; of a folder that
    does not fit into memory only the list of files is read. Registering a name again replaces the data set.

    Args:
        name: letters, digits and underscores.
        train: training images, also the source of the samples for SiPP and PFP; not needed to compare networks.
        test: images to measure the error on.
        shifts: further test sets by name, from other distributions.
        classes: names in the order of the network's outputs; by default those of the data sets, else numbers.
        mean, std: normalisation of a network's input, per channel, for pixels in [0, 1]. A network that was trained
            elsewhere needs those that it was trained with. ``None`` computes them from the training images.
        image_size: studies resize images to this many pixels on each side if they have many sizes or do not fit into
            memory; ``None`` takes the height of the first image. :func:`lostprune.audit.compare` takes images as they
            are.

    Raises:
        ValueError, TypeError: something is wrong with a name or a set. The message says what, where, and what to do.
        FileNotFoundError: a folder is missing, or has no images.

    Example:
        >>> images = torch.zeros(20, 1, 28, 28, dtype=torch.uint8)
        >>> register("blank", test=(images, torch.arange(20) % 10), mean=0.13, std=0.31)
        >>> DATASETS["blank"].image_shape
        (1, 28, 28)
    """
    _check_name("data set name", name)
    if not getattr(DATASETS.get(name), "registered", True):
        raise ValueError(f"data set name: got {name!r}, which is built in; choose another name")
    if test is None:
        raise ValueError(f"{name}: got no test set, expected test=…, what the error is measured on")
    given = {"train": train, "test": test} if train is not None else {"test": test}
    splits, channels = {}, None
    for split, images in given.items():
        splits[split] = split_of(f"{name} {split}", images, classes, channels, Segmentation.ignore)
        channels = len(splits[split].images[0])
    if classes is None:
        splits = _numbered_alike(splits)
    first = next(iter(splits.values()))
    if train is not None:
        _check_alike(name, splits["train"], splits["test"])
    mean, std = _constants(name, splits.get("train"), mean, std, channels)
    one_size = all(isinstance(split.images, torch.Tensor) for split in splits.values())
    side = image_size or first.images[0].shape[1]
    size = tuple(first.images[0].shape[1:]) if one_size else (side, side)
    plain = Dataset(
        classes=first.classes,
        image_shape=(channels, *size),
        mean=mean,
        std=std,
        parts={split: Part(len(images.images), *_digests(images)) for split, images in splits.items()},
        sources=(),
        task=_task(first),
        registered=splits,
    )
    DATASETS[name] = _with_shifts(name, plain, shifts or {})


def add_shifts(name: str, shifts: Mapping[str, object]) -> None:
    """Add test sets from other distributions to a data set, one of this package or a registered one.

    Args:
        name: name of the data set.
        shifts: as for :func:`register`; one that is there already is replaced.

    Raises:
        ValueError, TypeError, FileNotFoundError: as for :func:`register`; nothing is added then.
    """
    check_choice("dataset", name, DATASETS)
    DATASETS[name] = _with_shifts(name, DATASETS[name], shifts)


def fingerprint(name: str, *splits: str) -> str | None:
    """What tells registered splits of one name apart: a digest of their images and of what is done to them.

    ``None`` if none of them was registered: those of this package never change.
    """
    facts = DATASETS[name]
    registered = [split for split in splits if split in facts.registered]
    if not registered:
        return None
    digests = [str(facts.parts[split]) for split in registered]
    constants = str((facts.classes, facts.mean, facts.std))
    if not all(isinstance(facts.registered[split].images, torch.Tensor) for split in registered):
        constants += str(facts.image_shape)  # to which they are resized
    return hashlib.sha256("".join([constants, *splits, *digests]).encode()).hexdigest()[:8]


def _with_shifts(name: str, facts: Dataset, shifts: Mapping[str, object]) -> Dataset:
    found = {}
    for shift, images in shifts.items():
        _check_name(f"{name}: name of a shift", shift)
        if shift in ("train", "test", name):
            raise ValueError(f"{name}: got a shift named {shift!r}, expected a name of its own")
        ignore = getattr(facts.task, "ignore", Segmentation.ignore)
        found[shift] = split_of(f"{name} {shift}", images, facts.classes, facts.image_shape[0], ignore)
        _check_kind(f"{name} {shift}", _task(found[shift]), facts.task)
    parts = {shift: Part(len(split.images), *_digests(split)) for shift, split in found.items()}
    return dataclasses.replace(
        facts,
        parts=facts.parts | parts,
        registered=dict(facts.registered) | found,
        shifts=tuple(dict.fromkeys((*facts.shifts, *found))),
    )


def _numbered_alike(splits: dict[str, Split]) -> dict[str, Split]:
    """Where no split names its classes, as many for all as the one with the largest label has."""
    counts = [len(split.classes) for split in splits.values()]
    if any(
        split.classes != tuple(map(str, range(count))) for split, count in zip(splits.values(), counts, strict=True)
    ):
        return splits
    classes = tuple(map(str, range(max(counts))))
    return {name: split._replace(classes=classes) for name, split in splits.items()}


def _check_alike(name: str, train: Split, test: Split) -> None:
    """Raise ValueError unless training and test images have the same classes, and labels of one kind."""
    if train.classes != test.classes:
        lacking = {"train": set(test.classes) - set(train.classes), "test": set(train.classes) - set(test.classes)}
        differs = [f"{split} lacks {', '.join(sorted(names)[:5])}" for split, names in lacking.items() if names]
        raise ValueError(
            f"{name}: got {len(train.classes)} classes in train and {len(test.classes)} in test "
            f"({'; '.join(differs) or 'in another order'}), expected the same; pass classes=(…) in the order of the "
            "network's outputs"
        )
    _check_kind(f"{name} test", _task(test), _task(train))


def _check_kind(name: str, task: Task, expected: Task) -> None:
    if type(task) is not type(expected):
        got, wanted = ("a mask" if isinstance(one, Segmentation) else "one class" for one in (task, expected))
        raise ValueError(f"{name}: got {got} for each image, expected {wanted} as in the others")


def _task(split: Split) -> Task:
    """Segmentation, if every pixel has a label."""
    return Segmentation(len(split.classes)) if split.labels[0].dim() == 2 else Classification()


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"{what}: got {name!r}, expected letters, digits and underscores; choose another name")


def _rounded(values: torch.Tensor) -> list[float]:
    """To digits that are the same on every machine: results are kept under them."""
    return [float(f"{value:.6g}") for value in values.tolist()]


def _constants(
    name: str, train: Split | None, mean: object, std: object, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of each channel."""
    if mean is None or std is None:
        if train is None:
            raise ValueError(
                f"{name}: got no mean and std, expected those that the network was trained with (mean=0, std=1 for "
                "pixels in [0, 1]); without a train set they cannot be computed"
            )
        step = -(-len(train.images) // _MEASURED)
        pixels = [train.images[i].flatten(1).double() / 255 for i in range(0, len(train.images), step)]
        joined = torch.cat(pixels, 1)
        mean = _rounded(joined.mean(1)) if mean is None else mean
        std = _rounded(joined.std(1)) if std is None else std
    found = []
    for what, values in (("mean", mean), ("std", std)):
        values = np.broadcast_to(values, channels) if np.ndim(values) == 0 else np.asarray(values, float)
        if values.shape != (channels,) or not np.isfinite(values).all() or (what == "std" and (values <= 0).any()):
            kind = "positive number" if what == "std" else "number"
            raise ValueError(
                f"{name}: {what}: got {values.tolist()}, expected one {kind} for each of {channels} channels"
            )
        found.append(tuple(map(float, values)))
    return found[0], found[1]


def _digests(split: Split) -> tuple[str, str]:
    """SHA-256 of images and labels; of files those of their names and sizes."""
    return _digest(split.images), _digest(split.labels)


def _digest(items: Sequence[torch.Tensor]) -> str:
    if isinstance(items, Items):
        return items.digest
    digest = hashlib.sha256(str(len(items)).encode())
    for place in range(len(items)):
        digest.update(identity(items, place))
    return digest.hexdigest()
