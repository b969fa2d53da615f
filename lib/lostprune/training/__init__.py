"""Training and retraining: recipes and ladders as data, and the engine that follows them."""

from .engine import ENGINES, engines_for
from .ladders import Ladder
from .loop import Diverged, train, train_together
from .memory import keep_freed_memory
from .recipes import Recipe
from .trainer import Run

__all__ = [
    "ENGINES",
    "Diverged",
    "Ladder",
    "Recipe",
    "Run",
    "engines_for",
    "keep_freed_memory",
    "train",
    "train_together",
]
