"""What is to be measured on many networks, piece by piece: each piece is on disk before the next one begins.

A piece is one measurement, such as one test distribution, on the networks that are in memory together. Every value is
kept under the digests of the checkpoints it comes from: values of a checkpoint that was computed again are not found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ..foundations import store
from ..foundations.device import provenance
from ..foundations.progress import Progress
from .networks import Item, TrainedNetworks

log = logging.getLogger("lostprune")
Values = dict[str, torch.Tensor]  # by variable


@dataclass(frozen=True)
class Measurement:
    """One thing that is measured on every item.

    Attributes:
        name: name of its files: letters, digits, ``_`` and ``-``.
        source: everything that its values depend on besides the networks and the study.
        images: how many images each network sees.
        take: measures networks (by position) and items: variables [items, …] on any device; steps the bar.
    """

    name: str
    source: str
    images: int
    take: Callable[[dict[int, nn.Module], list[Item], Progress], Values]


class Plan:
    """The measurements of one part of a study; what an interrupted run left on disk is taken from there.

    Args:
        networks: the networks to measure.
        part: which part of the results.
        measurements: the measurements, with distinct names.
        items: the items to measure.
    """

    def __init__(self, networks: TrainedNetworks, part: str, measurements: list[Measurement], items: list[Item]):
        self.networks, self.part, self.measurements, self.items = networks, part, measurements, items
        # Chains of one repetition share the pieces of its parent.
        repetition = f"r{networks.chain[1]}"
        self.folder = networks.checkpoints.folder / "pieces" / networks.study.key / part / repetition
        device = networks.device
        self._made_with = [
            torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            provenance(device)["lostprune_version"],
            torch.__version__,
        ]
        self.seconds = 0.0  # of all pieces of this chain, including those that were found
        self._found: dict[str, dict[str, Values]] = {one.name: {} for one in measurements}
        for one in measurements:
            self._read(one)

    @property
    def images(self) -> int:
        """How many images the networks still have to see, all together."""
        return sum(
            one.images * len({position for item in self._missing(one) for position in item})
            for one in self.measurements
        )

    def take(self, bar: Progress) -> dict[str, Values]:
        """Measure what is missing. Returns, by measurement, the variables over all items, in order, on the CPU.

        Raises:
            OSError: the store cannot be written; the pieces before are kept.
        """
        shown = len({position for item in self.items for position in item})
        bar.skip(max(0, sum(one.images for one in self.measurements) * min(shown, len(self.networks)) - self.images))
        missing = {item for one in self.measurements for item in self._missing(one)}
        for cohort in self.networks.cohorts(item for item in self.items if item in missing):
            for one in self.measurements:
                items = [item for item in cohort if self._identity(one, item) not in self._found[one.name]]
                if not items:
                    continue
                bar.say(f"Evaluation of {len(items)} networks, {self.part}: {one.name}")
                started = time.monotonic()
                loaded = self.networks.loaded(position for item in cohort for position in item)
                values = {name: value.cpu() for name, value in one.take(loaded, items, bar).items()}
                self._keep(one, items, values, time.monotonic() - started)
        return {one.name: self._stacked(one) for one in self.measurements}

    def remove(self, is_done: Callable[[str], bool]) -> None:
        """Forget the pieces of the repetition that methods measured whose results are elsewhere.

        Args:
            is_done: whether a method's results are; another process may be measuring those of others.
        """
        for manifest in self.folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError):  # another process removes it, too; or it is damaged
                if is_done(json.loads(manifest.read_text()).get("method", self.networks.chain[0])):
                    manifest.unlink()
                    manifest.with_suffix(".safetensors").unlink()
        if not any(self.folder.glob("*.json")):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _missing(self, one: Measurement) -> list[Item]:
        return [item for item in self.items if self._identity(one, item) not in self._found[one.name]]

    def _identity(self, one: Measurement, item: Item) -> str:
        checkpoints = [self.networks.facts[position]["sha256"] for position in item]
        return _digest([checkpoints, one.source, self._made_with])

    def _keep(self, one: Measurement, items: list[Item], values: Values, seconds: float) -> None:
        identities = [self._identity(one, item) for item in items]
        path = self.folder / f"{one.name}-{_digest(identities)}"
        method = self.networks.chain[0]
        store.save_checkpoint(path, values, {"identities": identities, "seconds": seconds, "method": method})
        self._add(one.name, identities, values, seconds)

    def _add(self, name: str, identities: list[str], values: Values, seconds: float) -> None:
        self.seconds += seconds
        for row, identity in enumerate(identities):
            self._found[name][identity] = {key: value[row] for key, value in values.items()}

    def _read(self, one: Measurement) -> None:
        wanted = {self._identity(one, item) for item in self.items}
        for manifest in sorted(self.folder.glob(f"{one.name}-*.json")):
            try:
                loaded = store.load_checkpoint(manifest.with_suffix(""))
            except store.DamagedFile as damage:
                log.warning("%s; it is measured again", damage)
                continue
            if loaded is None:  # another process has removed it
                continue
            values, facts = loaded
            if shared := wanted & set(facts["identities"]):
                own = len(shared) == len(facts["identities"])  # else another chain measured it, and counts the time
                self._add(one.name, facts["identities"], values, facts["seconds"] if own else 0.0)

    def _stacked(self, one: Measurement) -> Values:
        rows = [self._found[one.name][self._identity(one, item)] for item in self.items]
        return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}


def _digest(identity: list) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
