"""Which images of a set are taken, and in which order: as many of every class."""

from __future__ import annotations

import torch

from .. import data


def chosen(labels: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """A seeded choice of ``count`` images with as many of every class as there are, or one less: int64, ascending.

    Args:
        labels: int64 [n].
        count: how many, at most n.
        seed: a larger choice with the same seed holds the smaller one.
    """
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return shuffled[by_turns(labels[shuffled])[:count]].sort().values


def by_turns(labels: torch.Tensor) -> torch.Tensor:
    """An order of the images in which the classes take turns: int64 [n]."""
    rank = torch.empty(len(labels), dtype=torch.int64)  # of each image within its class
    for label in labels.unique():
        own = (labels == label).nonzero()[:, 0]
        rank[own] = torch.arange(len(own))
    return rank.argsort(stable=True)


def classes_of(split: data.Split) -> torch.Tensor:
    """The class of every image; one for all where they have masks."""
    labels = split.labels
    return labels if isinstance(labels, torch.Tensor) and labels.dim() == 1 else torch.zeros(len(labels))
