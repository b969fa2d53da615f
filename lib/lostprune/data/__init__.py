"""Real data sets: where they come from, checked and kept; normalisation, augmentation, division."""

from .augmentation import normalize, pad_crop_flip, standardize
from .datasets import DATASETS, Dataset, trainable
from .loading import Split, load, locate
from .obtain import DataUnavailable
from .registration import add_shifts, fingerprint, register
from .single import obtain_file
from .split import VALIDATION_FRACTION, split_training

__all__ = [
    "DATASETS",
    "VALIDATION_FRACTION",
    "DataUnavailable",
    "Dataset",
    "Split",
    "add_shifts",
    "fingerprint",
    "load",
    "locate",
    "normalize",
    "obtain_file",
    "pad_crop_flip",
    "register",
    "split_training",
    "standardize",
    "trainable",
]
