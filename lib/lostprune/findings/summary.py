"""Section 5 in three lines."""

from __future__ import annotations

import xarray as xr

from .. import metrics
from .excess import grows
from .potential import became_lower
from .words import by_answer, trained_on


def closing(noise: xr.DataArray, shift: xr.DataArray, difference: xr.DataArray, prune_ratio: xr.DataArray) -> str:
    """The three findings of Section 5 (and 6), and for which methods each holds in these numbers.

    Args:
        noise, shift: prune potential over the noise levels, and over the distributions.
        difference, prune_ratio: difference in excess error, and prune ratio, over the cycles.
    """
    average = metrics.overparameterization(shift).average
    falls, lower, adds = {}, {}, {}
    for method in shift.pruner.values.tolist():
        first, last = (noise.sel(pruner=method).isel(noise_level=place) for place in (0, -1))
        falls[method] = became_lower(last - first, first)
        train, test = (average.sel(pruner=method, group=group) for group in ("train", "test"))
        lower[method] = became_lower(test - train, train)
        adds[method] = grows(difference, prune_ratio, method)
    findings = {
        "The prune potential falls under noise": falls,
        f"It is lower on the test distributions than on {trained_on(shift)}": lower,
        "The error that shift adds grows with the prune ratio": adds,
    }
    return "\n".join(f"- *{finding}*: {by_answer(answers)}." for finding, answers in findings.items())
