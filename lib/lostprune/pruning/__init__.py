"""Pruning: the paper's four methods, their masks and what these cost (section 3.1, Table 1, Algorithm 1)."""

from .allocation import select
from .costs import flop_reduction, sample_size
from .folding import apply
from .layers import METHODS
from .masks import Masks, VanishedLayer, prune_ratio, validate
from .prune import prune
from .scores import scores

__all__ = [
    "METHODS",
    "Masks",
    "VanishedLayer",
    "apply",
    "flop_reduction",
    "prune",
    "prune_ratio",
    "sample_size",
    "scores",
    "select",
    "validate",
]
