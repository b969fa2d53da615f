"""What the numbers of a study show, said in sentences: computed from its results, for the prose of the notebooks.

Every function returns Markdown. For each method on its own they say whether a finding of the paper, which the notebook
states, holds in these numbers, does not hold, or cannot be told.
"""

from .excess import excess
from .methodology import accuracy, commensurate, resolution, unreached
from .potential import curves_under_shift, over_distributions, overparameterization, under_noise
from .summary import closing

__all__ = [
    "accuracy",
    "closing",
    "commensurate",
    "curves_under_shift",
    "excess",
    "over_distributions",
    "overparameterization",
    "resolution",
    "under_noise",
    "unreached",
]
