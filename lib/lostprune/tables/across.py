"""Tables 2, 4, 6, 8, 9, 10, 12 and 13, which span networks: the rows of the paper, and ours beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from .. import metrics, published
from ..findings.words import signed
from ..metrics.repetitions import over_repetitions
from ..published.labels import label, network_label, training_label
from .overparameterization import COLUMNS as MEASURES
from .overparameterization import measured, printed
from .prune_results import CLOSEST, cells_of
from .prune_results import COLUMNS as RESULTS
from .table import MISSING, Table, with_spread

_RUN = "scale, repetitions"
Parts = Mapping[str, xr.Dataset]  # of one study: curves and shift
_HERE = "The last column says at which scale it was run here, and how many times; a dash: not yet."


def potential_of_all(studies: Sequence[Parts], name: str, delta: float = metrics.DELTA) -> Table:
    """Table 2: the average prune potential on nominal and on shifted data.

    Args:
        studies: parts ``curves`` and ``shift`` of each.
        name: label in the book.
        delta: margin, a fraction in [0, 1].

    Mean ± standard deviation (ddof 0) over repetitions, in percent. Networks that are not in Table 2 have no row.
    """
    paper = published.table_2()
    rows = {}
    for network in paper.network.values.tolist():
        for method in paper.pruner.values.tolist():
            row = paper.sel(network=network, pruner=method) * 100
            theirs = [with_spread(*row.potential.sel(group=group).values) for group in ("train", "test")]
            theirs.append(signed(float(row.difference)))
            for who, parts in _of_network(studies, network):
                rows[f"{who}, {method}"] = [*_averages(parts, method, delta), *theirs, _basis(parts)]
    columns = [f"{column}, {who}" for who in ("here", "paper") for column in ("nominal", "shifted", "difference")]
    frame = pd.DataFrame.from_dict(rows, "index", columns=[*columns, _RUN]).rename_axis("network, method")
    caption = (
        f"Prune potential (%) on nominal data and on average under shift (the paper's Table 2), here for "
        f"δ = {delta * 100:g}%. {_HERE}"
    )
    return Table(frame, caption, name)


def overparameterization_of_all(
    studies: Sequence[Parts], methods: tuple[str, ...], training: str, name: str, delta: float = metrics.DELTA
) -> Table:
    """Tables 9 and 10, or 12 and 13: average and minimum prune potential of each group of distributions.

    Args:
        studies, name, delta: as for :func:`potential_of_all`.
        methods: those of the table, such as ``("WT", "SiPP")``.
        training: ``"nominal"`` or ``"robust"``; studies that were trained otherwise are left out.
    """
    paper = published.overparameterization(training)
    studies = [parts for parts in studies if parts["shift"].attrs["training"] == training]
    rows = {}
    for network in paper.network.values.tolist():
        for method in methods:
            for who, parts in _of_network(studies, network):
                if parts and method in parts["shift"].pruner:
                    cells = measured(_potential(parts, delta).sel(pruner=method))
                    rows[f"{who}, {method}, here"] = [*cells, _basis(parts)]
            cells = printed(network, method, training)
            rows[f"{network_label(network)}, {method}, paper"] = [*cells, MISSING]
    frame = pd.DataFrame.from_dict(rows, "index", columns=[*MEASURES, _RUN])
    printed_in = paper.attrs["source"].split(", ")[-1]
    caption = (
        f"Average and minimum prune potential (%) of {' and '.join(methods)} after {training} training (the paper's "
        f"{printed_in}), here for δ = {delta * 100:g}%. {_HERE}"
    )
    return Table(frame.rename_axis("network, method"), caption, name)


def prune_results_of_all(studies: Sequence[Parts], name: str, delta: float = metrics.DELTA) -> Table:
    """Tables 4, 6 and 8: what can be pruned at commensurate accuracy.

    Args: as for :func:`potential_of_all`; part ``shift`` is not needed.

    In percent. A star marks the closest result where no pruned network is commensurate.
    """
    paper = published.prune_results()
    rows = {}
    for network in paper.network.values.tolist():
        theirs = paper.sel(network=network)
        theirs = cells_of(theirs.assign(within=theirs.error_difference <= metrics.DELTA))
        for who, parts in _of_network(studies, network):
            ours = cells_of(metrics.commensurate(parts["curves"], delta)) if parts else {}
            for method, cells in theirs.items():
                here = ours.get(method, [MISSING] * len(cells))
                rows[f"{who}, {method}"] = [*here, *cells, _basis(parts)]
    columns = [f"{column}, {who}" for who in ("here", "paper") for column in RESULTS.values()]
    frame = pd.DataFrame.from_dict(rows, "index", columns=[*columns, _RUN]).rename_axis("network, method")
    caption = (
        f"What can be pruned while the test error stays within δ = {delta * 100:g}% of the unpruned network's (the "
        "paper's Tables 4, 6 and 8): change of the error, prune ratio (PR) and FLOP reduction (FR), in percent. "
        f"{CLOSEST} No pruned network is within δ; the closest is shown. {_HERE}"
    )
    return Table(frame, caption, name)


def _of_network(studies: Sequence[Parts], network: str) -> list[tuple[str, Parts | None]]:
    """What was run of a network, and its name; with what differs where it was run more than once."""
    found = [parts for parts in studies if parts["curves"].attrs["network"] == network]
    if len(found) < 2:
        return [(network_label(network), found[0] if found else None)]
    facts = [_facts(parts) for parts in found]
    differing = [place for place, values in enumerate(zip(*facts, strict=True)) if len(set(values)) > 1]
    return [
        (f"{network_label(network)} ({', '.join(fact[place] for place in differing)})", parts)
        for fact, parts in zip(facts, found, strict=True)
    ]


def _facts(parts: Parts) -> tuple[str, ...]:
    """What tells studies of one network apart."""
    of = parts["curves"].attrs
    trained = training_label(of["training"]), f"seed {of['seed']}", of.get("weights", "")
    return of["scale"], label(of["dataset"]), *trained


def _basis(parts: Parts | None) -> str:
    """Scale and number of repetitions, and the data where they are not the paper's."""
    if parts is None:
        return MISSING
    attributes = parts["curves"].attrs
    data = attributes["dataset"]
    other = [] if published.NETWORKS[attributes["network"]] == data else [label(data)]
    return ", ".join([*other, attributes["scale"], str(parts["curves"].sizes["repetition"])])


def _potential(parts: Parts, delta: float) -> xr.DataArray:
    return metrics.prune_potential(parts["shift"].error, prune_ratio=parts["curves"].prune_ratio, delta=delta)


def _averages(parts: Parts | None, method: str, delta: float) -> list[str]:
    if parts is None or method not in parts["shift"].pruner:
        return [MISSING] * 3
    potential = _potential(parts, delta).sel(pruner=method)
    average = metrics.overparameterization(potential).average
    mean, deviation = over_repetitions(average.transpose("repetition", "group"))
    spread = deviation if average.sizes["repetition"] > 1 else np.full(2, np.nan)
    return [*map(with_spread, mean, spread), signed(mean[1] - mean[0])]
