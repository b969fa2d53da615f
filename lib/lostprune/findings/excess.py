"""Section 5: the difference in excess error."""

from __future__ import annotations

import xarray as xr

from ..metrics.regression import slope_of_method
from .words import count, signed

FEW_POINTS = 6  # a bootstrap over fewer gives an interval that says little


def excess(difference: xr.DataArray, prune_ratio: xr.DataArray) -> str:
    """Whether the difference in excess error grows with the prune ratio (Figures 6c and 6f)."""
    lines = []
    for method in difference.pruner.values.tolist():
        slope = slope_of_method(difference, prune_ratio, method)
        if not slope.points:
            lines.append(f"- **{method}**: no pruned network.")
            continue
        verdict = {
            True: "The more you prune, the more the network suffers from shift: the finding holds here.",
            False: "The more you prune, the less the network suffers from shift: the finding does not hold here.",
            None: "The interval includes 0, or repetitions disagree: these numbers cannot tell.",
        }[grows(difference, prune_ratio, method)]
        if slope.points < FEW_POINTS:
            verdict = f"That is from {count(slope.points, 'pruned network')} only: these numbers cannot tell."
        elif difference.sizes["repetition"] < 2:
            verdict = "All of them come from one parent, whose own error is partly chance: these numbers cannot tell."
        interval = ""
        if slope.points > 1:
            interval = f" (95% interval {signed(10 * slope.low, 2)} to {signed(10 * slope.high, 2)})"
        worst = float(difference.sel(pruner=method).isel(cycle=slice(1, None)).max())
        lines.append(
            f"- **{method}**: {signed(10 * slope.value, 2)} points of error for every 10% of the "
            f"parameters{interval}, {signed(100 * worst)} points at most. {verdict}"
        )
    return "\n".join(lines)


def grows(difference: xr.DataArray, prune_ratio: xr.DataArray, method: str) -> bool | None:
    """Whether the difference grows with the prune ratio (True) or falls (False); None where that is unclear.

    All pruned networks of a parent share its excess error, so an interval over networks is not enough: at least two
    repetitions must agree.
    """
    slope = slope_of_method(difference, prune_ratio, method)
    own = [
        slope_of_method(difference.isel(repetition=[i]), prune_ratio.isel(repetition=[i]), method).value
        for i in range(difference.sizes["repetition"])
    ]
    if slope.points < FEW_POINTS or len(own) < 2 or not (slope.low > 0 or slope.high < 0):
        return None
    agree = all(one > 0 for one in own) if slope.low > 0 else all(one < 0 for one in own)
    return slope.low > 0 if agree else None
