"""The paper's tables: pandas DataFrames of what a reader sees, shown by notebooks and numbered by the book."""

from .across import overparameterization_of_all, potential_of_all, prune_results_of_all
from .distributions import distributions
from .methods import methods
from .overparameterization import overparameterization
from .potential import prune_potential
from .potential_bounds import potential_bounds
from .prune_results import prune_results
from .real_savings import real_savings
from .recipes import disagreements, recipe, recipes, what_is_run
from .table import Table

__all__ = [
    "Table",
    "disagreements",
    "distributions",
    "methods",
    "overparameterization",
    "overparameterization_of_all",
    "potential_bounds",
    "potential_of_all",
    "prune_potential",
    "prune_results",
    "prune_results_of_all",
    "real_savings",
    "recipe",
    "recipes",
    "what_is_run",
]
