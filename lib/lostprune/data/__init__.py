"""Real data sets: where they come from, checked and kept; normalisation, augmentation, division."""

from .augmentation import normalize, pad_crop_flip
from .datasets import DATASETS, TRAINABLE, Dataset
from .loading import class_names, load, locate, task_of
from .obtain import DataUnavailable
from .pictures import DamagedImage, Pictures
from .split import VALIDATION_FRACTION, Split, choose, identity, split_training
from .streaming import batches, tested
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
    "Pictures",
    "Split",
    "batches",
    "choose",
    "class_names",
    "fetch_tree",
    "identity",
    "load",
    "locate",
    "normalize",
    "pad_crop_flip",
    "split_training",
    "synsets",
    "task_of",
    "test_view",
    "tested",
    "train_view",
    "viewed",
]
