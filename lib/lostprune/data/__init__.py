"""Real data sets: where they come from, checked and kept; normalisation, augmentation, division."""

from .augmentation import normalize, pad_crop_flip
from .datasets import DATASETS, TRAINABLE, Dataset
from .loading import load, locate
from .obtain import DataUnavailable
from .pictures import DamagedImage
from .split import VALIDATION_FRACTION, Split, split_training
from .streaming import batches
from .synsets import synsets
from .trees import TREES, fetch_tree
from .views import test_view, train_view, viewed

__all__ = [
    "DATASETS",
    "TREES",
    "TRAINABLE",
    "VALIDATION_FRACTION",
    "DamagedImage",
    "DataUnavailable",
    "Dataset",
    "Split",
    "batches",
    "fetch_tree",
    "load",
    "locate",
    "normalize",
    "pad_crop_flip",
    "split_training",
    "synsets",
    "test_view",
    "train_view",
    "viewed",
]
