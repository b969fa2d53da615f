"""How long work will take: from how long work of the same kind took on the same device."""

from __future__ import annotations

import dataclasses
import functools
import json
import statistics
from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from .. import data
from ..measurement import registry, test_sets
from ..prune_retrain import cells
from ..study import SCALES, Study
from .jobs import Job

FORWARD = 1 / 3  # of a training step: the backward pass takes about twice as long as the forward pass


class Pace:
    """Seconds of jobs, estimated from the store.

    Args:
        studies: what may have been run before; the standard scales of their networks are added.
        folder: the store.
        device: as results name it; ``None`` takes what was measured on any device.
    """

    def __init__(self, studies: Iterable[Study], folder: Path, device: str | None):
        self.folder, self.device = folder, device
        studies = list(studies)
        wider = [dataclasses.replace(study, scale=scale, repetitions=None) for study in studies for scale in SCALES]
        self.known: dict[str, Study] = {study.training_key: study for study in [*wider, *studies]}
        self.results: dict[str, Study] = {study.key: study for study in [*wider, *studies]}

    def seconds(self, job: Job) -> float | None:
        """Of all that is left of a job; ``None`` where nothing like it was measured."""
        if job.parts:
            rate = self._evaluation_rate(job.study)
            return None if rate is None else rate * sum(_networks_images(job.study, part) for part in job.parts)
        rate = self._training_rate(job.study)
        return None if rate is None else rate * sum(_cell_images(job.study, cell[2]) for cell in job.cells)

    def piece(self, job: Job) -> float | None:
        """Of the longest piece, which is lost if a job is stopped within: a cycle of its chains, or a distribution."""
        if job.parts:
            rate = self._evaluation_rate(job.study)
            longest = max(_networks_images(job.study, part) / _pieces(job.study, part) for part in job.parts)
            return None if rate is None else rate * longest
        rate = self._training_rate(job.study)
        together = [max(_cell_images(job.study, cell[2]) for cell in job.cells if cell[:2] == c) for c in job.chains]
        return None if rate is None else rate * sum(together)

    @functools.cache  # noqa: B019 (one Pace lives as long as what it has read is right)
    def _training_rate(self, study: Study) -> float | None:
        """Seconds per image and epoch: of cells of this study if there are any, else of this network at all."""
        own = self._measured_cells(study.training_key, study)
        alike = [
            one for one in self.known.items() if (one[1].network, one[1].dataset) == (study.network, study.dataset)
        ]
        # Of other studies the fastest: the smaller ones spend their time on other things than images.
        others = [rate for key, other in alike for rate in self._measured_cells(key, other)]
        return statistics.median(own) if own else min(others, default=None)

    def _measured_cells(self, key: str, study: Study) -> list[float]:
        rates = []
        for manifest in (self.folder / "checkpoints" / key).glob("*.json"):
            try:
                facts = json.loads(manifest.read_text())
                images = len(facts["history"]) * _training_images(study)
                if self.device in (None, facts["device"]):
                    rates.append(facts["seconds"] / images)
            except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
                continue  # damaged: whoever reads the checkpoint says so
        return rates

    @functools.cache  # noqa: B019
    def _evaluation_rate(self, study: Study) -> float | None:
        """Seconds per image and network."""
        rates = []
        for key, other in self.results.items():
            if (other.network, other.dataset) != (study.network, study.dataset):
                continue
            for file in (self.folder / "results" / key).glob("*.nc"):
                try:
                    with xr.open_dataset(file, engine="netcdf4") as dataset:
                        if self.device in (None, dataset.attrs["device"]):
                            rates.append(dataset.attrs["wall_seconds"] / _networks_images(other, file.stem))
                except (OSError, ValueError, KeyError, RuntimeError):
                    continue
        training = self._training_rate(study)
        if not rates:
            return None if training is None else training * FORWARD
        # A small study spends its time on other things than images; to train on one takes longer than to look at it.
        rate = statistics.median(rates)
        return rate if training is None else min(rate, training)


def _training_images(study: Study) -> int:
    """Images of an epoch; a tenth of the training set is kept for other uses."""
    return study.scale.train_images or data.DATASETS[study.dataset].parts["train"].count * 9 // 10


def _cell_images(study: Study, cycle: int) -> int:
    recipe = study.retrain_recipe if cycle else study.recipe
    return recipe.epochs * _training_images(study)


def _pieces(study: Study, part: str) -> int:
    """How many distributions, or levels of noise, a part has: what an evaluation keeps one by one."""
    if part == "noise":
        return len(study.scale.noise_levels)
    return max(1, registry.images_to_evaluate(study, part) // test_sets.test_size(study))


def _networks_images(study: Study, part: str) -> int:
    return registry.images_to_evaluate(study, part) * len(cells.cells(study))
