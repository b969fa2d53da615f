"""Comparisons of a study's networks, on disk: a comparison that was made once is read."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import torch
import xarray as xr

from .. import data, metrics, runner
from ..foundations import netcdf
from ..foundations.store import published_folders, store_folder
from ..measurement import test_sets
from ..prune_retrain import Checkpoints
from ..prune_retrain.cells import name_of
from ..study import Study
from .comparison import SCHEMA, compare
from .paired import ALPHA

log = logging.getLogger("lostprune")


def compared(
    study: Study,
    pruner: str,
    repetition: int = 0,
    cycle: int = 1,
    delta: float = metrics.DELTA,
    alpha: float = ALPHA,
    store: str | os.PathLike | None = None,
) -> xr.DataTree:
    """A pruned network of a study beside its parent, on the test images of the study.

    It is read from the store, else from the folders that ``LOSTPRUNE_RESULTS`` lists, else made and kept.

    Args:
        study: a study that was run.
        pruner, repetition, cycle: which of its networks; cycles count from 1.
        delta, alpha: as for :func:`lostprune.audit.compare`, whose result this is.
        store: as for :func:`lostprune.run`.

    Raises:
        FileNotFoundError: it has to be made, and the networks are not in the store.
        OSError: it cannot be written.
    """
    name = f"{name_of((pruner, repetition, cycle))}.nc"
    own = store_folder(store) / "comparisons" / study.key / name
    cells = {"parent": ("parent", repetition, 0), "pruned": (pruner, repetition, cycle)}
    checkpoints = Checkpoints(study, store_folder(store))
    done = {role: cell for role, cell in cells.items() if checkpoints.is_done(cell)}
    made_of = {f"{role}_sha256": checkpoints.facts(cell)["sha256"] for role, cell in done.items()}
    wanted = {"schema": SCHEMA, "delta": delta, "alpha": alpha} | made_of
    for path in (own, *(place / study.key / "comparisons" / name for place in published_folders())):
        found = _read(path) if path.exists() else None
        if found is not None and all(found.attrs.get(key) == value for key, value in wanted.items()):
            return found
    parent, _ = runner.load(study, pruner, repetition, 0, store)
    network, _ = runner.load(study, pruner, repetition, cycle, store)
    facts, cpu = data.DATASETS[study.dataset], torch.device("cpu")
    names = dict.fromkeys((study.dataset, *facts.shifts, *test_sets.corrupted_distributions(study)))
    shown = {name: test_sets.test_set(study, name, cpu) for name in names}
    generated = [name for name, one in shown.items() if _same_as_generated(one, study)]
    splits = {
        name: data.Split(one.images(), one.labels, study.classes)
        for name, one in shown.items()
        if name not in generated
    }
    tree = compare(
        parent,
        network,
        splits.pop(study.dataset),
        splits,
        corruptions=generated,
        delta=delta,
        alpha=alpha,
        mean=facts.mean,
        std=facts.std,
        name=study.dataset,
        seed=study.seed,
    )
    found = tree.to_dataset()
    corrupted = found.distribution.isin(test_sets.corrupted_distributions(study))
    tree.dataset = found.assign_coords(group=found.group.where(~corrupted, "corruption"))
    tree.attrs |= made_of | {"parent": study.network, "pruned": f"{study.network}, {pruner}, cycle {cycle}"}
    netcdf.write(own, tree)
    return tree


def _same_as_generated(shown: test_sets.TestSet, study: Study) -> bool:
    """Whether ``compare`` would make the same corrupted images; published ones are taken from the data folder."""
    return shown.source == "generated" and shown.constants == test_sets.constants_for(max(study.image_shape[1:]))


def _read(path: Path) -> xr.DataTree | None:
    try:
        with netcdf.ONE_AT_A_TIME, xr.open_datatree(path, engine="netcdf4") as opened:
            return opened.load()
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # what netCDF4 raises
        log.warning("comparison %s cannot be used (%s); it is made again", path, error)
        return None
