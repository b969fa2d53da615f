"""The trained networks of a study: loaded when they are needed, and no more at a time than memory holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import pruning
from ..prune_retrain import cells, checkpoints
from ..study import Study
from . import inference

RESIDENT_BYTES = 2 << 30  # of networks on a CPU; on a GPU a quarter of what is free
Item = tuple[int, ...]  # positions of the networks that one measured value needs: a network, or a pair to compare


class TrainedNetworks:
    """The cells of a study that could be reached, and where each belongs in (pruner, repetition, cycle).

    Attributes:
        cells: parents first.
        facts: of each cell; ``sha256`` tells a checkpoint from one that was computed again.
    """

    def __init__(self, study: Study, folder: Path, device: torch.device):
        self.study, self.folder, self.device = study, folder, device
        self.cells = [cell for cell in cells.cells(study) if cells.is_done(study, cell, folder)]
        manifests = [cells.path_of(study, cell, folder).with_suffix(".json") for cell in self.cells]
        self.facts = [json.loads(manifest.read_text()) for manifest in manifests]
        self.coordinates = {
            "pruner": list(study.methods),
            "repetition": np.arange(study.repetitions),
            "cycle": np.arange(len(study.ladder) + 1),
        }
        self._loaded: dict[int, nn.Module] = {}
        self._pairs: list[tuple[str, str]] | None = None
        self._capacity: int | None = None

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def capacity(self) -> int:
        """How many networks stay in memory at a time, by the size of the first; at least two, to be compared."""
        if self._capacity is None:
            tensors = self.loaded([0])[0].state_dict().values()
            free = RESIDENT_BYTES
            if self.device.type == "cuda":
                free = torch.cuda.mem_get_info(self.device)[0] // 4
            self._capacity = max(2, free // sum(tensor.nbytes for tensor in tensors))
        return self._capacity

    def loaded(self, positions: Iterable[int]) -> dict[int, nn.Module]:
        """Networks by position, ready for :func:`inference.each`. Others are dropped where memory asks for it."""
        wanted = dict.fromkeys(positions)
        if self._capacity is not None and len(wanted.keys() | self._loaded.keys()) > self._capacity:
            self._loaded = {position: kept for position, kept in self._loaded.items() if position in wanted}
        for position in wanted.keys() - self._loaded.keys():
            self._loaded[position] = self._load(position)
        return {position: self._loaded[position] for position in wanted}

    def checkpoint(self, position: int) -> tuple[nn.Module, pruning.Masks]:
        """A network as it was trained, on the CPU, and its masks. Raises RuntimeError if it was replaced or is gone."""
        found = checkpoints.load(self.study, self.cells[position], self.folder, torch.device("cpu"))
        if found is None or found[2]["sha256"] != self.facts[position]["sha256"]:
            path = cells.path_of(self.study, self.cells[position], self.folder)
            raise RuntimeError(
                f"checkpoint {path}: got another one, or none, than when the evaluation began; run the same again"
            )
        return found[:2]

    def _load(self, position: int) -> nn.Module:
        network, _ = self.checkpoint(position)
        if self._pairs is None:
            self._pairs = inference.foldable(network)
        return inference.fold(network, self._pairs).to(self.device)

    def cohorts(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """The items in order, in lists whose networks fit in memory together."""
        cohort: list[Item] = []
        for item in items:
            if len({position for one in [*cohort, item] for position in one}) > self.capacity and cohort:
                yield cohort
                cohort = []
            cohort.append(item)
        if cohort:
            yield cohort

    def parents(self) -> list[int]:
        """For each network the position of its unpruned parent (for a parent: its own)."""
        return [self.cells.index(("parent", repetition, 0)) for _, repetition, _ in self.cells]

    def labelled(self, values: np.ndarray | list[float], **last: list) -> xr.DataArray:
        """Values [networks, …] over (pruner, repetition, cycle, …); the parent stands in every pruner.

        Cycles that were not reached are NaN, or False where the values are bool.
        """
        values = np.asarray(values)
        shape = tuple(map(len, self.coordinates.values())) + values.shape[1:]
        full = np.zeros(shape, bool) if values.dtype == bool else np.full(shape, np.nan)
        for value, (method, repetition, cycle) in zip(values, self.cells, strict=True):
            pruner = self.study.methods.index(method) if cycle else slice(None)
            full[pruner, repetition, cycle] = value
        return xr.DataArray(full, self.coordinates | last)

    def attributes(self) -> dict[str, str | int | float]:
        """What the networks are, what their training took and on what."""
        return {
            "network": self.study.network,
            "dataset": self.study.dataset,
            "training": self.study.training,
            "scale": self.study.scale.name,
            "seed": self.study.seed,
            "training_device": "; ".join(sorted({facts["device"] for facts in self.facts})),
            "training_seconds": sum(facts["seconds"] for facts in self.facts),
        }
