"""The paper's figures as HoloViews elements, from result datasets; each renders under bokeh and under matplotlib.

Every figure carries its :func:`provenance`: the scale, device, date and seed of the results it shows.
"""

from .curves import prune_accuracy_curves, prune_accuracy_under_shift
from .excess import excess_error
from .images import example_images
from .potential import potential_under_noise, prune_potential_bars
from .style import label, provenance

__all__ = [
    "example_images",
    "excess_error",
    "label",
    "potential_under_noise",
    "provenance",
    "prune_accuracy_curves",
    "prune_accuracy_under_shift",
    "prune_potential_bars",
]
