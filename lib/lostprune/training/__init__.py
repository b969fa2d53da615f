"""Training and retraining: the engine that follows a network's recipe, on images as its kind of training has them."""

from ..corruptions.train_corruptions import TRAIN_CORRUPTIONS
from ..networks.ladders import Ladder
from ..networks.recipes import Recipe
from .engine import ENGINES, engines_for
from .kept_epochs import KeptEpochs, epochs_kept
from .loop import Diverged, train, train_together
from .memory import keep_freed_memory
from .run import Run
from .train_distribution import alter

__all__ = [
    "ENGINES",
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
