"""The paper's figures as HoloViews elements, from result datasets; each renders under bokeh and under matplotlib.

Every figure carries its :func:`provenance`: the scale, device, date and seed of the results it shows.
"""

import holoviews as hv
import holoviews.plotting.bokeh
import holoviews.plotting.mpl  # noqa: F401

from ..published.labels import label, network_label, training_label
from ..results.provenance import provenance

# The options of a backend can be named once it has been the current one. hv.extension would do that too, but a notebook
# that calls it a second time in one cell is left without Bokeh's scripts.
_chosen = hv.Store.current_backend
for _backend in ("matplotlib", "bokeh"):
    hv.Store.set_current_backend(_backend)
hv.Store.set_current_backend(_chosen)

from .accuracy_difference import accuracy_difference  # noqa: E402
from .curves import prune_accuracy_by_distribution, prune_accuracy_curves, prune_accuracy_under_shift  # noqa: E402
from .excess import excess_error  # noqa: E402
from .images import displayable, example_images  # noqa: E402
from .informative import by_mask_value, informative_pixels, kept_pixels  # noqa: E402
from .intervals import prune_potential_in_detail, prune_potential_intervals  # noqa: E402
from .margin import prune_potential_for_margins, prune_potential_slider  # noqa: E402
from .panels import side_by_side  # noqa: E402
from .potential import potential_under_noise, potential_under_noise_by_repetition, prune_potential_bars  # noqa: E402
from .savings import real_savings  # noqa: E402
from .similarity import noise_similarity, signed_flips  # noqa: E402
from .trainings import accuracy_by_training, prune_potential_by_training  # noqa: E402

__all__ = [
    "by_mask_value",
    "accuracy_by_training",
    "accuracy_difference",
    "displayable",
    "example_images",
    "excess_error",
    "informative_pixels",
    "kept_pixels",
    "label",
    "network_label",
    "noise_similarity",
    "potential_under_noise",
    "potential_under_noise_by_repetition",
    "provenance",
    "prune_accuracy_by_distribution",
    "prune_accuracy_curves",
    "prune_accuracy_under_shift",
    "prune_potential_bars",
    "prune_potential_by_training",
    "prune_potential_for_margins",
    "prune_potential_in_detail",
    "prune_potential_intervals",
    "prune_potential_slider",
    "real_savings",
    "side_by_side",
    "signed_flips",
    "training_label",
]
