"""Pruning: the paper's methods and a reader's own, their masks and what these cost (section 3.1, Algorithm 1)."""

from .allocation import select
from .check import check
from .costs import flop_reduction, multiply_adds, parameters, sample_size
from .folding import apply
from .layers import METHODS, prunable
from .masks import Masks, VanishedLayer, prune_ratio, validate
from .prune import attempt, prune
from .registry import fingerprint, names, of_kind, register
from .scores import scores
from .search import Missed
from .shrinking import UnsupportedOperation, load_shrunk, save_shrunk, shrink

__all__ = [
    "METHODS",
    "Masks",
    "Missed",
    "UnsupportedOperation",
    "VanishedLayer",
    "apply",
    "attempt",
    "check",
    "fingerprint",
    "flop_reduction",
    "load_shrunk",
    "multiply_adds",
    "names",
    "of_kind",
    "parameters",
    "prunable",
    "prune",
    "prune_ratio",
    "register",
    "sample_size",
    "save_shrunk",
    "scores",
    "select",
    "shrink",
    "validate",
]
