"""Comparisons of a study's networks, on disk: a comparison that was made once is read."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
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
from ..tasks import Segmentation
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
    sources = {name: test_sets.source(study, name) for name in test_sets.corrupted_distributions(study)}
    published = json.dumps({name: source for name, source in sources.items() if source != "generated"})
    for path in (own, *(place / study.key / "comparisons" / name for place in published_folders())):
        found = _read(path) if path.exists() else None
        if found is not None and all(found.attrs.get(key) == value for key, value in wanted.items()):
            if len(done) == len(cells) and found.attrs.get("published", "{}") != published:
                continue  # of corrupted images from other places; it can be made again
            return found
    parent, _ = runner.load(study, pruner, repetition, 0, store)
    network, _ = runner.load(study, pruner, repetition, cycle, store)
    facts, cpu = data.DATASETS[study.dataset], torch.device("cpu")
    corrupted = test_sets.corrupted_distributions(study)
    shown = {name: test_sets.test_set(study, name, cpu) for name in (study.dataset, *facts.shifts, *corrupted)}
    generated = [name for name in corrupted if _same_as_generated(shown[name], study)]
    splits = {
        name: data.Split(_Blocks(one) if name in corrupted else one.images(), one.labels, study.classes)
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
    tree.dataset = found.assign_coords(group=found.group.where(~found.distribution.isin(corrupted), "corruption"))
    tree.attrs |= made_of | {
        "parent": study.network,
        "pruned": f"{study.network}, {pruner}, cycle {cycle}",
        "published": published,
    }
    netcdf.write(own, tree)
    return tree


class _Blocks(Sequence):
    """The images of a test set, one by one; a block of them is in memory at a time."""

    def __init__(self, shown: test_sets.TestSet):
        self._shown, self._size = shown, max(1, test_sets.BLOCK_VALUES // shown.images(0, 1).numel())
        self._number, self._block = -1, torch.empty(0)

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, index: int) -> torch.Tensor:
        number, place = divmod(range(len(self))[index], self._size)
        if number != self._number:
            self._number, self._block = number, self._shown.images(number * self._size, self._size)
        return self._block[place]


def _same_as_generated(shown: test_sets.TestSet, study: Study) -> bool:
    """Whether ``compare`` would make the same corrupted images.

    Published ones are taken from the data folder, and photographs with masks are corrupted at their own sizes.
    """
    of_own_size = isinstance(study.task, Segmentation) and not isinstance(test_sets.nominal(study)[0], torch.Tensor)
    constants = test_sets.constants_for(max(study.image_shape[1:]))
    return shown.source == "generated" and shown.constants == constants and not of_own_size


def _read(path: Path) -> xr.DataTree | None:
    try:
        with netcdf.ONE_AT_A_TIME, xr.open_datatree(path, engine="netcdf4") as opened:
            return opened.load()
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # what netCDF4 raises
        log.warning("comparison %s cannot be used (%s); it is made again", path, error)
        return None
