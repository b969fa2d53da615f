"""Section 3: how good the networks are, what can go, and what a test set of this size can tell apart."""

from __future__ import annotations

import json
import re

import numpy as np
import xarray as xr

from .. import metrics, published
from ..published.labels import accuracy_label, network_label
from .words import count, counts_pixels, listing, spread


def accuracy(curves: xr.Dataset) -> str:
    """How good the unpruned parents are, and what is left of it where most was pruned."""
    parents = 1 - curves.test_error.isel(pruner=0, cycle=0)
    network = network_label(curves.attrs["network"])
    ends = []
    for method in curves.pruner.values.tolist():
        ratio = curves.prune_ratio.sel(pruner=method)
        last = int(ratio.notnull().all("repetition").values.nonzero()[0][-1])
        left = 1 - curves.test_error.sel(pruner=method).isel(cycle=last)
        ends.append(f"{spread(left)} with {method} at a prune ratio of {spread(ratio.isel(cycle=last), False)}")
    return (
        f"The {accuracy_label(curves.attrs['dataset'])} of the unpruned {network} is {spread(parents)}. Where the most "
        f"was pruned, it is {listing(ends)}."
    )


def commensurate(curves: xr.Dataset, delta: float) -> str:
    """For every method how much can go before test accuracy falls by more than ``delta`` (a fraction)."""
    error, ratio = curves.test_error, curves.prune_ratio
    potential = metrics.prune_potential(error, prune_ratio=ratio, delta=delta)
    saved = curves.flop_reduction.where(ratio == potential).max("cycle")
    paper = published.overparameterization().average.sel(group="train", statistic="mean")
    covered = published.covers(*(curves.attrs[name] for name in ("network", "dataset", "training")))
    lines = []
    for method in curves.pruner.values.tolist():
        mine = potential.sel(pruner=method)
        if float(mine.max()) > 0:
            line = f"- **{method}** can remove {spread(mine)} of the parameters, "
            line += f"which saves {spread(saved.sel(pruner=method))} of the multiply-adds, and stay within "
            line += f"{delta * 100:g} points of its parent's {accuracy_label(curves.attrs['dataset'])}."
        else:
            change = (error - error.sel(cycle=0, drop=True)).sel(pruner=method).isel(cycle=slice(1, None))
            loss = change.mean("repetition")
            if not bool(loss.notnull().any()):
                lines.append(f"- **{method}** has no pruned network.")
                continue
            best = loss.isel(cycle=int(loss.fillna(np.inf).argmin("cycle")))
            where = float(ratio.sel(pruner=method, cycle=best.cycle).mean("repetition"))
            line = (
                f"- **{method}** has no pruned network within {delta * 100:g} points of its parent; the closest loses "
            )
            line += f"{100 * float(best):.2f} points, at a prune ratio of {where:.1%}."
        if covered and method in paper.pruner:
            line += f" (The paper: {float(paper.sel(network=curves.attrs['network'], pruner=method)):.1%}.)"
        lines.append(line)
    if covered and (other := published.other_data(curves.attrs["network"], curves.attrs["dataset"])):
        lines.append(f"\n{other.strip()}")
    return "\n".join(lines)


def resolution(images: int, delta: float, curves: xr.Dataset, noise: xr.Dataset | None = None) -> str:
    """What a test set of so many images can tell apart, and what several repetitions add.

    With part ``noise``, whose networks are compared with their parents prediction by prediction, the standard error of
    a difference is bounded by the share of images on which the two predict differently.
    """
    text = f"These errors are measured on {images:,} test images"
    if counts_pixels(curves):
        return (
            f"{text}, with the pixels of all images counted together. So a standard error over images does not "
            f"apply. For the prune potential, a bootstrap over images says how much is chance. {_repetitions(curves)}"
        )
    text += f": one image is worth {100 / images:.2g}%, and the margin "
    text += f"δ = {delta * 100:g}% is {count(delta * images, 'image')}. "
    if noise is not None and 0.0 in noise.noise_level:
        differing = 1 - noise.matching_predictions.sel(noise_level=0.0).isel(cycle=slice(1, None)).mean()
        error, what = float(np.sqrt(differing / images)), "the difference between the errors of the two"
        text += f"A pruned network and its parent predict differently on {float(differing):.0%} of the images, so "
        text += f"{what} has a standard error of up to {error:.2%}"
    else:
        share = float(curves.test_error.isel(pruner=0, cycle=0).mean())
        error = float(np.sqrt(share * (1 - share) / images))
        text += f"An accuracy of {1 - share:.0%} on so many images has a standard error of {error:.2%}"
    larger = "more than the margin itself, so it is partly chance on which side of it a single network falls"
    paired = "" if noise is not None else "The difference from the parent is more certain: both see the same images. "
    return text + f", {larger if error > delta else 'less than the margin'}. {paired}" + _repetitions(curves)


def _repetitions(curves: xr.Dataset) -> str:
    if curves.sizes["repetition"] == 1:
        return "There is one repetition, so nothing here says how much another random initialisation would change."
    return f"Means and standard deviations (±) are over {curves.sizes['repetition']} repetitions."


def unreached(curves: xr.Dataset) -> str:
    """Why some curves end early; empty if none does."""
    lines = []
    for cell, reason in json.loads(curves.attrs["unreachable"]).items():
        method, repetition, cycle = re.fullmatch(r"(\w+)(?:\+\w+)?-r(\d+)-c(\d+)", cell).groups()
        where = f"**{method}**, repetition {int(repetition) + 1}"
        lines.append(f"- {where}, ends before cycle {int(cycle)}: it would have lost a whole layer ({reason}).")
    return "\n".join(lines)
