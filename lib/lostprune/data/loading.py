"""``load``: a split of a data set by name."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import NamedTuple

import platformdirs
import torch

from ..foundations.choices import choose
from .datasets import DATASETS
from .kept import read_kept
from .obtain import DataUnavailable, obtain


class Split(NamedTuple):
    """One split of a data set.

    Attributes:
        images: uint8 [n, 3, h, w], mapped from the kept file; writing to it changes this process's copy only.
        labels: int64 [n], in [0, len(classes)).
        classes: names of the classes.
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]


def locate(folder: str | os.PathLike | None = None) -> Path:
    """The data folder: ``folder``, else ``LOSTPRUNE_DATA``, else ``data`` in the user's cache folder for lostprune."""
    chosen = folder or os.environ.get("LOSTPRUNE_DATA") or platformdirs.user_cache_path("lostprune") / "data"
    return Path(chosen).expanduser().absolute()


def load(name: str, split: str, folder: str | os.PathLike | None = None) -> Split:
    """A split of a data set from the kept copy, which is fetched first if it is missing or damaged.

    Args:
        name: a key of :data:`DATASETS`, such as "cifar10".
        split: "train" (CIFAR-10: 50,000 images) or "test" (10,000); CIFAR-10.1 has "test" only (2,000).
        folder: the data folder, see :func:`locate`.

    Raises:
        ValueError: unknown name or split.
        DataUnavailable: no source gave the data, or the folder cannot be written.
    """
    choose("dataset", name, DATASETS)
    dataset = DATASETS[name]
    choose(f"split of {name}", split, dataset.parts)
    if split in dataset.registered:
        return dataset.registered[split]
    if dataset.registered:  # shifts of a user's own beside the data set's splits
        parts = {name: part for name, part in dataset.parts.items() if name not in dataset.registered}
        dataset = dataclasses.replace(dataset, parts=parts)
    folder = locate(folder)
    kept = read_kept(folder / name, dataset, split)
    if kept is None:
        obtain(name, dataset, folder)
        kept = read_kept(folder / name, dataset, split)
    if kept is None:
        raise DataUnavailable(f"{name}: {folder} does not give back what was written there; check the disk")
    images, labels = kept
    return Split(torch.from_numpy(images), torch.from_numpy(labels).long(), dataset.classes)
