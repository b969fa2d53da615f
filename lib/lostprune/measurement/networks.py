"""The trained networks of a chain: loaded when they are needed, and no more at a time than memory holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import pruning
from ..networks import batch_norms
from ..prune_retrain.cells import Chain, cells_of
from ..prune_retrain.checkpoints import Checkpoints

RESIDENT_BYTES = 2 << 30  # of networks on a CPU; on a GPU a quarter of what is free
CHAIN = ("pruner", "repetition", "cycle")  # the dimensions that every measured network has a place in
Item = tuple[int, ...]  # positions of the networks that one measured value needs: a network, or a pair to compare


class TrainedNetworks:
    """The networks of a chain that could be reached, their parent first, and the separate network.

    Args:
        checkpoints: the study's checkpoints.
        chain: method and repetition.
        device: the device that measures them.
        separate: whether the repetition's separate network is wanted.

    Attributes:
        cells: the parent, then every cycle.
        facts: the facts of each cell, and at the end of the separate network; ``sha256`` identifies a checkpoint.
        separate: position of the separate network, if it is there.
    """

    def __init__(self, checkpoints: Checkpoints, chain: Chain, device: torch.device, separate: bool = False):
        self.checkpoints, self.chain, self.device, self.study = checkpoints, chain, device, checkpoints.study
        wanted = [("parent", chain[1], 0), *cells_of(self.study, chain)]
        self.cells = [cell for cell in wanted if checkpoints.is_done(cell)]
        other = ("separate", chain[1], 0)
        self.separate = len(self.cells) if separate and checkpoints.is_done(other) else None
        self._all = self.cells + [other] * (self.separate is not None)
        self.facts = [checkpoints.facts(cell) for cell in self._all]
        self.coordinates = {
            "pruner": [chain[0]],
            "repetition": np.array([chain[1]]),
            "cycle": np.arange(len(self.study.ladder) + 1),
        }
        self._loaded: dict[int, nn.Module] = {}
        self._pairs: list[tuple[str, str]] | None = None
        self._capacity: int | None = None

    def __len__(self) -> int:
        """How many there are without the separate network."""
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
        cell = self._all[position]
        found = self.checkpoints.load(cell, torch.device("cpu"))
        if found is None or found[2]["sha256"] != self.facts[position]["sha256"]:
            raise RuntimeError(
                f"checkpoint {self.checkpoints.path(cell)}: got another one, or none, than when the measurement began; "
                "run the same again"
            )
        return found[:2]

    def _load(self, position: int) -> nn.Module:
        network, _ = self.checkpoint(position)
        if self._pairs is None:
            self._pairs = batch_norms.foldable(network)
        return batch_norms.fold(network, self._pairs).to(self.device)

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

    def labelled(self, values: np.ndarray | list[float], **last: list) -> xr.DataArray:
        """Values [networks, …], without the separate network's, over (pruner, repetition, cycle, …).

        Cycles that were not reached are NaN, or False where the values are bool.
        """
        values = np.asarray(values)
        shape = (1, 1, len(self.coordinates["cycle"]), *values.shape[1:])
        full = np.zeros(shape, bool) if values.dtype == bool else np.full(shape, np.nan)
        for value, (_, _, cycle) in zip(values, self.cells, strict=True):
            full[0, 0, cycle] = value
        return xr.DataArray(full, self.coordinates | last)

    def attributes(self) -> dict[str, str | int | float]:
        """What the networks are, what their training took and on what."""
        parent, *own = self.facts[: len(self.cells)]
        return {
            "network": self.study.network,
            "dataset": self.study.dataset,
            "training": self.study.training,
            "scale": self.study.scale.name,
            "seed": self.study.seed,
            "weights": self.study.weights_name,
            "training_device": "; ".join(sorted({facts["device"] for facts in self.facts})),
            "training_seconds": sum(facts["seconds"] for facts in own),
            "parent_seconds": parent["seconds"],
            "parent_sha256": parent["sha256"],
            "unreachable": json.dumps(self.checkpoints.unreachable(self.chain)),
        }
