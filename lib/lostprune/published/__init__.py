"""The paper's own numbers as labelled data: fractions, with the table that they stand in."""

from .potential import overparameterization, table_2
from .prune_results import prune_results
from .recipes import HYPERPARAMETERS, error_rates, recipes
from .source import CORRUPTIONS, NETWORKS, PAPER, covers

__all__ = [
    "CORRUPTIONS",
    "HYPERPARAMETERS",
    "NETWORKS",
    "PAPER",
    "covers",
    "error_rates",
    "overparameterization",
    "prune_results",
    "recipes",
    "table_2",
]
