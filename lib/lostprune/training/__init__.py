"""Training and retraining: the paper's recipes as data, and the engine that follows them."""

from .engine import ENGINES, engines_for
from .ladders import LADDERS, ladder_for
from .loop import Diverged, train, train_together
from .memory import keep_freed_memory
from .recipes import RECIPES, RETRAIN_RECIPES, Recipe, recipe_for, retrain_recipe_for
from .trainer import Run

__all__ = [
    "ENGINES",
    "LADDERS",
    "RECIPES",
    "RETRAIN_RECIPES",
    "Diverged",
    "Recipe",
    "Run",
    "engines_for",
    "keep_freed_memory",
    "ladder_for",
    "recipe_for",
    "retrain_recipe_for",
    "train",
    "train_together",
]
