"""``load``: a split of a data set by name."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path

import platformdirs
import torch

from ..foundations.choices import check_choice
from ..tasks import Classification, Segmentation, Task
from . import objectnet
from .datasets import DATASETS
from .kept import read_kept
from .obtain import DataUnavailable, obtain
from .split import Split
from .trees import TREES, load_tree


def locate(folder: str | os.PathLike | None = None) -> Path:
    """The data folder: ``folder``, else ``LOSTPRUNE_DATA``, else ``data`` in the user's cache folder for lostprune."""
    chosen = folder or os.environ.get("LOSTPRUNE_DATA") or platformdirs.user_cache_path("lostprune") / "data"
    return Path(chosen).expanduser().absolute()


def load(
    name: str,
    split: str,
    folder: str | os.PathLike | None = None,
    classes: int | None = None,
    image_size: int | None = None,
) -> Split:
    """A split of a data set from the kept copy.

    CIFAR-10 is fetched first if it is missing or damaged. Sets of image files are read where they lie in the data
    folder. Their classes and counts come from their own lists, so a part of such a set is a smaller data set. Every
    image is read once as a check before it is used.

    Args:
        name: a key of :data:`DATASETS`, such as "cifar10".
        split: "train" (CIFAR-10: 50,000 images) or "test" (10,000); CIFAR-10.1 has "test" only (2,000).
        folder: the data folder, see :func:`locate`.
        classes: for sets of image files, how many classes to load, the first in the set's own list; ``None`` loads all.
        image_size: for sets of image files, resize test images to this many pixels on each side. Up to 2 GiB of them
            become an array, which stays on disk. With ``None``, or above 2 GiB, each image is read when it is used.

    Raises:
        ValueError: unknown name or split, too many classes; classes or size of another data set.
        DataUnavailable: no source gave the data, or the folder cannot be written.
        DamagedImage: some of the image files cannot be read.
    """
    check_choice("dataset", name, DATASETS)
    dataset = DATASETS[name]
    check_choice(f"split of {name}", split, dataset.parts)
    if split in dataset.registered:
        return dataset.registered[split]
    if dataset.registered:  # shifts of a user's own beside the data set's splits
        parts = {name: part for name, part in dataset.parts.items() if name not in dataset.registered}
        dataset = dataclasses.replace(dataset, parts=parts)
    folder = locate(folder)
    if name in TREES:
        return load_tree(name, dataset, split, folder, classes, image_size)
    if classes is not None or image_size is not None:
        raise ValueError(f"{name}: got classes={classes} and image_size={image_size}, expected neither: it is fixed")
    kept = read_kept(folder / name, dataset, split)
    if kept is None:
        obtain(name, dataset, folder)
        kept = read_kept(folder / name, dataset, split)
    if kept is None:
        raise DataUnavailable(f"{name}: {folder} does not give back what was written there; check the disk")
    images, labels = kept
    return Split(torch.from_numpy(images), torch.from_numpy(labels).long(), dataset.classes)


def class_names(name: str, classes: int | None = None) -> tuple[str, ...]:
    """The classes of a data set in the order of the labels; of image files those that lie in the data folder.

    Args:
        name: a key of :data:`DATASETS`.
        classes: for sets of image files, how many classes; ``None`` for all.

    Raises:
        DataUnavailable: it takes the data folder to know them, and the data set does not lie there.
    """
    facts = DATASETS[name]
    if name not in TREES or isinstance(facts.task, Segmentation):
        return facts.classes
    return _listed_classes(name, classes, locate())


@functools.lru_cache(maxsize=32)
def _listed_classes(name: str, classes: int | None, folder: Path) -> tuple[str, ...]:
    return load(name, "test", folder, classes).classes


def task_of(name: str, classes: tuple[str, ...]) -> Task:
    """How predictions are counted on a data set whose classes are these; ObjectNet's stand for some of ImageNet's."""
    return Classification(objectnet.meaning(classes)) if name == "objectnet" else DATASETS[name].task
