"""PruneRetrain (Algorithm 1 of the paper), resumable: which networks a study has, and how each one comes about."""

from .algorithm import check_network, images_to_train, run_chains, train_chains

__all__ = ["check_network", "images_to_train", "run_chains", "train_chains"]
