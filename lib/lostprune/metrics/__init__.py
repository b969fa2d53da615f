"""What test accuracy does not show: prune potential, excess error, overparameterization. Labelled arrays in and out.

Every function labels, aligns and checks; the numbers come from plain functions of NumPy arrays below it.
"""

from .checks import groups
from .commensurate import commensurate
from .excess import excess_error_difference, overparameterization
from .flips import flips, mcnemar_p
from .informative import mean_over_images, resampled_means
from .potential import DELTA, ROUNDING, prune_potential
from .sampling import LEVEL, interval, paired_standard_error, prune_potential_interval, resampled_prune_potential
from .savings import with_what_is_gone
from .trainings import regained, unseen

__all__ = [
    "DELTA",
    "LEVEL",
    "ROUNDING",
    "commensurate",
    "excess_error_difference",
    "flips",
    "groups",
    "interval",
    "mcnemar_p",
    "mean_over_images",
    "overparameterization",
    "paired_standard_error",
    "prune_potential",
    "prune_potential_interval",
    "regained",
    "resampled_means",
    "resampled_prune_potential",
    "unseen",
    "with_what_is_gone",
]
