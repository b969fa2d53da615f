"""The paper's tables: pandas DataFrames of what a reader sees, shown by notebooks and numbered by the book."""

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
    "methods",
    "overparameterization",
    "potential_bounds",
    "prune_potential",
    "prune_results",
    "real_savings",
    "recipe",
    "recipes",
    "what_is_run",
]
