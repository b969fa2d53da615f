"""The paper's own numbers as labelled data: fractions, with the table that they come from."""

from .distributions import train_and_test_distribution
from .potential import overparameterization, overparameterization_of, table_2
from .prune_results import prune_results
from .recipes import HYPERPARAMETERS, error_rates, recipes
from .source import CORRUPTIONS, NETWORKS, PAPER, covers, other_data

__all__ = [
    "CORRUPTIONS",
    "HYPERPARAMETERS",
    "NETWORKS",
    "PAPER",
    "covers",
    "error_rates",
    "other_data",
    "overparameterization",
    "overparameterization_of",
    "prune_results",
    "recipes",
    "table_2",
    "train_and_test_distribution",
]
