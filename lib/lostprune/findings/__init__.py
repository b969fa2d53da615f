"""What the numbers of a study show, said in sentences: computed from its results, for the prose of the notebooks.

Every function returns Markdown. For each method on its own they say whether a finding of the paper, which the notebook
states, holds in these numbers, does not hold, or is unclear.
"""

from .across import across, genuine_overparameterization, robust_training, weights_against_filters_across
from .distance import noise_similarity, parents_pixels, true_class, turned_predictions
from .excess import excess
from .masking import mask_values, searches
from .methodology import accuracy, commensurate, resolution, unreached
from .potential import curves_under_shift, margins, over_distributions, overparameterization, under_noise
from .prune_results import better_than_the_parent, weights_against_filters
from .sampling import beyond_sampling, intervals, paired_comparison, test_sets
from .summary import closing
from .trainings import cost_by_training, potential_by_training, regained

__all__ = [
    "accuracy",
    "across",
    "beyond_sampling",
    "better_than_the_parent",
    "closing",
    "commensurate",
    "cost_by_training",
    "curves_under_shift",
    "excess",
    "genuine_overparameterization",
    "intervals",
    "margins",
    "noise_similarity",
    "over_distributions",
    "overparameterization",
    "paired_comparison",
    "parents_pixels",
    "potential_by_training",
    "regained",
    "resolution",
    "robust_training",
    "test_sets",
    "mask_values",
    "searches",
    "true_class",
    "turned_predictions",
    "under_noise",
    "unreached",
    "weights_against_filters",
    "weights_against_filters_across",
]
