"""Training and retraining: recipes and ladders as data, and the engine that follows them."""

from .engine import ENGINES, engines_for
from .kept_epochs import KeptEpochs, epochs_kept
from .ladders import Ladder
from .loop import Diverged, train, train_together
from .memory import keep_freed_memory
from .recipes import Recipe
from .run import Run
from .train_distribution import SEVERITY, TRAIN_CORRUPTIONS, alter

__all__ = [
    "ENGINES",
    "SEVERITY",
    "TRAIN_CORRUPTIONS",
    "Diverged",
    "KeptEpochs",
    "Ladder",
    "Recipe",
    "Run",
    "alter",
    "engines_for",
    "epochs_kept",
    "keep_freed_memory",
    "train",
    "train_together",
]
