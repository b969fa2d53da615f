"""The thousand classes of ILSVRC2012: the order of the outputs of a network that was trained on them."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def synsets() -> tuple[str, ...]:
    """The WordNet synsets, such as ``"n01440764"`` (tench), in ascending order: class k of ImageNet's networks is k-th.

    They are the leaves that the development kit of ILSVRC2012 lists (``meta.mat``).
    """
    return tuple((Path(__file__).parent / "ilsvrc2012_synsets.txt").read_text().split())
