"""PruneRetrain (Algorithm 1 of the paper), resumable: which networks a study has, and how each one comes about."""

from .algorithm import claimed, images_of, images_to_train, run_chains
from .check import ONE_THREAD, check_network
from .checkpoints import Checkpoints

__all__ = ["ONE_THREAD", "Checkpoints", "check_network", "claimed", "images_of", "images_to_train", "run_chains"]
