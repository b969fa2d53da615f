"""How far a network can be pruned, distribution by distribution, with the confidence that the test images allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from .. import metrics, results
from . import paired
from .families import potential_lower_bound
from .resampled import resampled_verdict

NOT_REACHED = "not reached"


def verdicts(
    curves: xr.Dataset, shift: xr.Dataset, delta: float = metrics.DELTA, alpha: float = paired.ALPHA
) -> xr.Dataset:
    """Every pruned network of a study beside its parent.

    Args:
        curves, shift: parts of a study's results.
        delta, alpha: margin, and level of each one-sided test.

    Returns:
        Over (``pruner``, ``repetition``, ``cycle``, ``distribution``): images ``lost`` and ``won`` (of classification),
        ``difference`` of the errors, ``verdict`` (or "not reached"), and ``images_needed``, NaN where it is told; over
        ``distribution``: ``images``; ``prune_ratio``, NaN where a cycle was not reached. Over (``pruner``,
        ``repetition``, ``distribution``): ``lower_bound`` of the prune potential, and ``prune_potential`` as the paper
        has it, without a test.
    """
    found = _segmented(shift, delta, alpha) if "pixels" in shift else _classified(shift, delta, alpha)
    ratio = curves["prune_ratio"]
    verdict = found["verdict"].where(ratio.notnull(), NOT_REACHED)
    bound = xr.apply_ufunc(
        potential_lower_bound,
        (verdict == paired.SAFE).sel(cycle=slice(1, None)),
        ratio.sel(cycle=slice(1, None)),
        input_core_dims=[["cycle"], ["cycle"]],
    )
    error = shift["error"]
    found = found.assign(
        verdict=verdict,
        images_needed=found["images_needed"].where(verdict == paired.CANNOT_TELL),
        images=shift["images"],
        prune_ratio=ratio,
        lower_bound=bound,
        prune_potential=metrics.prune_potential(error, error.sel(cycle=0, drop=True), ratio, delta),
    )
    study = {name: shift.attrs[name] for name in ("dataset", "training")}
    return found.assign_attrs(delta=delta, alpha=alpha, **study)


def _classified(shift: xr.Dataset, delta: float, alpha: float) -> xr.Dataset:
    wrong = results.outcomes(shift)
    parent = wrong.sel(cycle=0, drop=True)
    lost = ((wrong == 1) & (parent == 0)).sum("image")
    won = ((wrong == 0) & (parent == 1)).sum("image")
    counts = lost.values, won.values, shift["images"].broadcast_like(lost).transpose(*lost.dims).values
    return xr.Dataset(
        {
            "lost": lost,
            "won": won,
            "difference": (lost - won) / shift["images"],
            "verdict": lost.copy(data=paired.verdict(*counts, delta, alpha)),
            "images_needed": lost.copy(data=paired.images_needed(*counts, delta, alpha)),
        }
    )


def _segmented(shift: xr.Dataset, delta: float, alpha: float) -> xr.Dataset:
    """By a bootstrap over images, network by network."""
    named = ("difference", "verdict", "images_needed")
    pixels = shift["pixels"].transpose(*results.CHAIN, "distribution", "image", "class", "quantity")
    shape = pixels.shape[:4]
    found = {name: np.empty(shape, "U11" if name == "verdict" else float) for name in named}
    counts = shift["images"].values
    for place in np.ndindex(shape):
        pruner, repetition, _, distribution = place
        images = slice(counts[distribution])
        parent = pixels.values[pruner, repetition, 0, distribution, images]
        one = resampled_verdict(parent, pixels.values[place][images], delta, alpha)
        for name in named:
            found[name][place] = getattr(one, name)
    coordinates = {name: pixels[name] for name in (*results.CHAIN, "distribution")}
    return xr.Dataset({name: (tuple(coordinates), values) for name, values in found.items()}, coordinates)


class Recommendation(NamedTuple):
    """Which network to use.

    Attributes:
        pruner, repetition, cycle: its place in the study; cycle 0 is the parent, so prune nothing.
        prune_ratio: the fraction of parameters that is pruned.
        safe_on: the distributions on which that is safe, with the confidence of the test behind it.
        everywhere: whether these are all that were tested.
        searched: how many methods the choice was made from.
    """

    pruner: str
    repetition: int
    cycle: int
    prune_ratio: float
    safe_on: tuple[str, ...]
    everywhere: bool
    searched: int


def recommend(
    curves: xr.Dataset, shift: xr.Dataset, delta: float = metrics.DELTA, alpha: float = paired.ALPHA
) -> Recommendation:
    """The network that is pruned furthest and safe on every distribution; else furthest and safe on the nominal one.

    The choice is a search over the methods, so each is tested at ``alpha`` divided by their number: with the confidence
    ``1 - alpha`` the network that is chosen is safe where it is said to be.
    """
    searched = curves.sizes["pruner"] * curves.sizes["repetition"]
    found = verdicts(curves, shift, delta, alpha / searched)
    nominal = shift.attrs["dataset"]
    bounds = found["lower_bound"]
    choices = (bounds.min("distribution"), bounds.sel(distribution=nominal))
    best = next((choice for choice in choices if choice.max() > 0), choices[0])
    pruner, repetition = (int(place) for place in np.unravel_index(best.values.argmax(), best.shape))
    chain = found.isel(pruner=pruner, repetition=repetition)
    ratio = float(best[pruner, repetition])
    safe_on = chain["distribution"][chain["lower_bound"] >= ratio] if ratio else chain["distribution"]
    place = (abs(chain["prune_ratio"].sel(cycle=slice(1, None)) - ratio)).idxmin("cycle")
    return Recommendation(
        str(chain["pruner"].item()),
        int(chain["repetition"]),
        int(place) if ratio else 0,
        ratio,
        tuple(str(name) for name in safe_on.values),
        len(safe_on) == found.sizes["distribution"],
        searched,
    )
