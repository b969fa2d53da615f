"""The paper's figures as HoloViews elements, from result datasets; each renders under bokeh and under matplotlib.

Every figure carries its :func:`provenance`: the scale, device, date and seed of the results it shows.
"""

import holoviews as hv
import holoviews.plotting.bokeh
import holoviews.plotting.mpl  # noqa: F401

# The options of a backend can be named once it has been the current one. hv.extension would do that too, but a notebook
# that calls it a second time in one cell is left without Bokeh's scripts.
_chosen = hv.Store.current_backend
for _backend in ("matplotlib", "bokeh"):
    hv.Store.set_current_backend(_backend)
hv.Store.set_current_backend(_chosen)

from .curves import prune_accuracy_curves, prune_accuracy_under_shift  # noqa: E402
from .excess import excess_error  # noqa: E402
from .images import displayable, example_images  # noqa: E402
from .potential import potential_under_noise, prune_potential_bars  # noqa: E402
from .style import label, network_label, provenance  # noqa: E402

__all__ = [
    "displayable",
    "example_images",
    "excess_error",
    "label",
    "network_label",
    "potential_under_noise",
    "provenance",
    "prune_accuracy_curves",
    "prune_accuracy_under_shift",
    "prune_potential_bars",
]
