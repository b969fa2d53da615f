"""Tables 4, 6 and 8: what can be pruned at commensurate accuracy."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from .. import metrics, published
from ..findings.words import count, signed
from ..pruning.registry import of_kind, registered
from ..published.labels import network_label
from ..results.provenance import provenance
from .table import MISSING, Table

CLOSEST = r"\*"
_TABLES = {"cifar10": "Table 4", "imagenet": "Table 6", "voc": "Table 8"}  # by the networks' data set
# What Table 4 sets in bold: the best error, and the most parameters of the methods that prune weights, or the most
# multiply-adds of those that prune filters, among the methods of a kind.
_COSTS = {"weights": "prune_ratio", "filters": "flop_reduction"}
COLUMNS = {"error_difference": "error", "prune_ratio": "PR", "flop_reduction": "FR"}


def prune_results(curves: xr.Dataset, name: str, delta: float = metrics.DELTA) -> Table:
    """Table 4, 6 or 8: prune ratio and FLOP reduction at commensurate accuracy, ours beside the paper's.

    Args:
        curves: part ``curves`` of a study.
        name: label in the book.
        delta: margin, a fraction in [0, 1].

    In percent; the best of each kind of method is bold, as in the paper. A star marks the closest result where no
    pruned network is commensurate; it is never bold. A dash stands where the paper has no number, and where not every
    repetition has a pruned network.
    """
    ours = metrics.commensurate(curves, delta)
    attributes = curves.attrs
    here = cells_of(ours)
    paper, missing = {}, [MISSING] * len(COLUMNS)
    parents = f"{float(curves.test_error.isel(pruner=0).sel(cycle=0).mean()) * 100:.2f}% here"
    if published.covers(*(attributes[key] for key in ("network", "dataset", "training"))):
        theirs = published.prune_results().sel(network=attributes["network"])
        paper = cells_of(theirs.assign(within=theirs.error_difference <= metrics.DELTA))
        parents += f", {float(theirs.parent_error) * 100:.2f}% in the paper"
    columns = [f"{column}, {who}" for who in ("here", "paper") for column in COLUMNS.values()]
    rows = {method: [*cells, *paper.get(method, missing)] for method, cells in here.items()}
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    return Table(frame, _caption(ours, delta, curves.sizes["repetition"], parents), name)


def _caption(ours: xr.Dataset, delta: float, repetitions: int, parents: str) -> str:
    network, dataset = ours.attrs["network"], ours.attrs["dataset"]
    text = (
        f"What can be pruned of {network_label(network)} while the test error stays within "
        f"δ = {delta * 100:g}% of the unpruned network's ({parents}): change of the error, prune ratio (PR) and FLOP "
        f"reduction (FR), in percent. Here: {provenance(ours)}, {count(repetitions, 'repetition')}."
    )
    if published.covers(network, dataset, ours.attrs["training"]):
        text += f" Paper: {_TABLES[published.NETWORKS[network]]}.{published.other_data(network, dataset)}"
    if bool((~ours.within & ours.prune_ratio.notnull()).any()):
        text += f" {CLOSEST} No pruned network is within δ; the closest is shown."
    return text


def cells_of(results: xr.Dataset) -> dict[str, list[str]]:
    """The three cells of every method."""
    cells = {}
    for method in results.pruner.values.tolist():
        row = results.sel(pruner=method)
        if not float(row.prune_ratio) >= 0:
            cells[method] = [MISSING] * len(COLUMNS)
            continue
        texts = {column: f"{100 * float(row[column]):.2f}" for column in COLUMNS}
        texts["error_difference"] = signed(100 * float(row.error_difference), 2)
        for column in _best(results, method):
            texts[column] = f"**{texts[column]}**"
        texts["error_difference"] += "" if bool(row.within) else CLOSEST
        cells[method] = list(texts.values())
    return cells


def _best(results: xr.Dataset, method: str) -> list[str]:
    """The columns in which a method is the best of its kind."""
    prunes = registered(method).prunes
    cost = _COSTS[prunes]
    rivals = results.sel(pruner=of_kind(results.pruner.values.tolist(), prunes))
    rivals = rivals.where(rivals.within)
    own = rivals.sel(pruner=method)
    return [
        column
        for column, best in (("error_difference", rivals.error_difference.min()), (cost, rivals[cost].max()))
        if float(own[column]) == float(best)
    ]
