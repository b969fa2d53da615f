"""Training and retraining: the paper's recipes as data, and the loop that follows them."""

from .loop import Diverged, train
from .recipes import RECIPES, Recipe, ladder_for, recipe_for

__all__ = ["RECIPES", "Diverged", "Recipe", "ladder_for", "recipe_for", "train"]
