"""Real data sets: where they come from, checked and kept; normalisation, augmentation, division."""

from .augmentation import normalize, pad_crop_flip
from .datasets import DATASETS, TRAINABLE, Dataset
from .loading import Split, load, locate
from .obtain import DataUnavailable
from .split import VALIDATION_FRACTION, split_training

__all__ = [
    "DATASETS",
    "TRAINABLE",
    "VALIDATION_FRACTION",
    "DataUnavailable",
    "Dataset",
    "Split",
    "load",
    "locate",
    "normalize",
    "pad_crop_flip",
    "split_training",
]
