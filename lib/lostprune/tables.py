"""The paper's tables: pandas DataFrames of what a reader sees, shown by notebooks and numbered by the book."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from . import corruptions, data, metrics, published
from .figures.style import network_label, over_repetitions, provenance
from .findings.words import count
from .study import Study

MISSING = "–"
_METHODS = {
    "WT": ("unstructured (weights)", "weight thresholding", "no", "$|W_{ij}|$", "global"),
    "SiPP": ("unstructured (weights)", "sensitivity-informed pruning", "yes", r"$\propto |W_{ij} a_j(x)|$", "global"),
    "FT": ("structured (filters)", "filter thresholding", "no", r"$\lVert W_{:j} \rVert_1$", "local"),
    "PFP": (
        "structured (filters)",
        "provable filter pruning",
        "yes",
        r"$\propto \lVert W_{:j} a(x) \rVert_\infty$",
        "local",
    ),
}


@dataclass(frozen=True)
class Table:
    """A table with its caption; a notebook shows it, the book numbers it.

    Attributes:
        frame: cells are text and may hold Markdown, such as formulas.
        caption: Markdown.
        name: the label that ``{numref}`` refers to.
    """

    frame: pd.DataFrame
    caption: str
    name: str

    def _repr_markdown_(self) -> str:
        """MyST Markdown; a cell that shows it in the book needs the metadata ``mystnb: {markdown_format: myst}``."""
        # A bar would end the cell, in a formula too.
        cells = self.frame.map(lambda cell: cell.replace("|", r"\vert "))
        return f":::{{table}} {self.caption}\n:name: {self.name}\n\n{cells.to_markdown(disable_numparse=True)}\n\n:::"


def methods(name: str) -> Table:
    """Table 1: what the four pruning methods remove, and by which measure.

    Args:
        name: label in the book.
    """
    columns = ("type", "name", "looks at data", "sensitivity", "scope")
    frame = pd.DataFrame.from_dict(_METHODS, "index", columns=columns).rename_axis("method")
    caption = (
        "The pruning methods. $W$ are the weights of a layer, $a(x)$ its input activations for a sample $x$; "
        "what has the smallest sensitivity goes first, over all layers (global) or within each (local)."
    )
    return Table(frame, caption, name)


def what_is_run(study: Study, name: str) -> Table:
    """How much of the paper's study a study runs, beside all of it.

    Args:
        study: any; the paper's numbers are those of its recipe, or of a ResNet's for a network of the user's own.
        name: label in the book.
    """
    paper = dataclasses.replace(study, scale="paper", repetitions=None)
    columns = {f"scale {study.scale.name}": _amounts(study), "paper": _amounts(paper)}
    columns["paper"]["corruptions"] = str(published.CORRUPTIONS)
    return Table(
        pd.DataFrame(columns).rename_axis(""),
        f"What is run, and what the paper runs ({network_label(study.network)}).",
        name,
    )


def _amounts(study: Study) -> dict[str, str]:
    whole = {split: part.count for split, part in data.DATASETS[study.dataset].parts.items()}
    train = study.scale.train_images or whole["train"] - whole["train"] // data.split.VALIDATION_FRACTION
    keep = [cycle[-1] for cycle in study.ladder]
    return {
        "training images": f"{train:,}",
        "test images": f"{study.scale.test_images or whole['test']:,}",
        "epochs of training": f"{study.recipe.epochs}",
        "epochs of each retraining": f"{study.retrain_recipe.epochs}",
        "batch size, learning rate": f"{study.recipe.batch_size}, {study.recipe.learning_rate:g}",
        "prune-retrain cycles": f"{len(keep)}",
        "of the parameters kept": f"{keep[0]:.0%} after the first, {keep[-1]:.0%} after the last",
        "corruptions": f"{len(study.scale.corruptions or corruptions.NAMES)}",
        "repetitions": f"{study.repetitions}",
    }


def prune_potential(potential: xr.DataArray, shift: xr.Dataset, name: str) -> Table:
    """Table 2: average prune potential on nominal and on shifted data, beside the paper's.

    Args:
        potential: fractions (pruner, repetition, distribution), as :func:`lostprune.metrics.prune_potential` returns.
        shift: the part that it was computed from.
        name: label in the book.

    Mean ± standard deviation (ddof 0) over repetitions, in percent; without ± where there is one repetition. A dash
    stands where the paper did not measure a network or a method.
    """
    nominal = (shift.attrs["dataset"],)
    average = metrics.overparameterization(potential, nominal).average.transpose("repetition", "pruner", "group")
    mean, deviation = over_repetitions(average)
    spread = average.sizes["repetition"] > 1
    paper = published.overparameterization().average
    network = shift.attrs["network"]
    rows = {}
    for place, method in enumerate(average.pruner.values.tolist()):
        ours = [_with_spread(mean[place, group], deviation[place, group] if spread else np.nan) for group in (0, 1)]
        rows[method] = [*ours, f"{mean[place, 1] - mean[place, 0]:+.1f}", *_of_the_paper(paper, network, method)]
    columns = [f"{group}, {who}" for who in ("here", "paper") for group in ("nominal", "shifted", "difference")]
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    caption = (
        f"Prune potential (%) of {network_label(network)} for δ = {potential.attrs['delta'] * 100:g}%, on nominal test "
        f"data and on average over {potential.sizes['distribution'] - 1} corruptions. Here: {provenance(shift)}, "
        f"{count(average.sizes['repetition'], 'repetition')}. Paper: Tables 2, 9 and 10 (δ = 0.5%, 19 corruptions, "
        "three repetitions, its full recipe)."
    )
    return Table(frame, caption, name)


def _of_the_paper(paper: xr.DataArray, network: str, method: str) -> list[str]:
    if network not in paper.network or method not in paper.pruner:
        return [MISSING] * 3
    row = paper.sel(network=network, pruner=method) * 100
    mean, deviation = row.sel(statistic="mean").values, row.sel(statistic="std").values
    return [*map(_with_spread, mean, deviation), f"{mean[1] - mean[0]:+.1f}"]


def _with_spread(mean: float, deviation: float) -> str:
    return f"{mean:.1f}" if np.isnan(deviation) else f"{mean:.1f} ± {deviation:.1f}"
