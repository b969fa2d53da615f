"""Real data sets: where they come from, checked and kept; normalisation, augmentation, division."""

from .augmentation import crop, draw_crops, normalize, pad_crop_flip, standardize
from .datasets import DATASETS, Dataset, trainable
from .loading import class_names, load, locate, task_of
from .obtain import DataUnavailable
from .pictures import DamagedImage, Pictures
from .registration import add_shifts, fingerprint, register
from .single import obtain_file
from .split import VALIDATION_FRACTION, Split, choose, identity, is_class_after_class, split_training
from .streaming import batches, tested
from .synsets import synsets
from .trees import TREES, fetch_tree
from .views import test_view, train_view, viewed

__all__ = [
    "DATASETS",
    "TREES",
    "VALIDATION_FRACTION",
    "DamagedImage",
    "DataUnavailable",
    "Dataset",
    "Pictures",
    "Split",
    "add_shifts",
    "batches",
    "choose",
    "class_names",
    "crop",
    "draw_crops",
    "fetch_tree",
    "fingerprint",
    "identity",
    "is_class_after_class",
    "load",
    "locate",
    "normalize",
    "obtain_file",
    "pad_crop_flip",
    "register",
    "split_training",
    "standardize",
    "synsets",
    "task_of",
    "test_view",
    "tested",
    "train_view",
    "trainable",
    "viewed",
]
