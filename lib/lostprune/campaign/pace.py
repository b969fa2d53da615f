"""How long work will take: from how long work of the same kind took on the same device, or takes just now."""

from __future__ import annotations

import dataclasses
import functools
import json
import statistics
from collections.abc import Iterable
from pathlib import Path

from .. import results
from ..foundations import notes
from ..foundations.progress import TRAINING_PASSES
from ..measurement.registry import PARTS
from ..prune_retrain import Checkpoints, images_of, images_to_train
from ..study import SCALES, Study
from .jobs import Job


class Pace:
    """Seconds of jobs, estimated from the store.

    Args:
        studies: studies that may have run before; the standard scales of their networks are added.
        folder: the store.
        device: as results name it; ``None`` takes what was measured on any device.
        running: jobs that are being done. Where nothing like them was ever finished, their pace until now counts.
    """

    def __init__(self, studies: Iterable[Study], folder: Path, device: str | None, running: Iterable[Job] = ()):
        self.folder, self.device, self.running = folder, device, tuple(running)
        studies = list(studies)
        wider = [dataclasses.replace(study, scale=scale, repetitions=None) for study in studies for scale in SCALES]
        self.known: dict[str, Study] = {study.training_key: study for study in [*wider, *studies]}
        self.results: dict[str, Study] = {study.key: study for study in [*wider, *studies]}

    def seconds(self, job: Job) -> float | None:
        """Seconds for everything left of a job; ``None`` where nothing like it was measured."""
        training, measuring = self._rates(job)
        if None in (training, measuring):
            return None
        trained = images_to_train(Checkpoints(job.study, self.folder), list(job.cells))
        return training * trained + measuring * sum(
            _networks_images(job.study, part) for parts in job.parts for part in parts
        )

    def piece(self, job: Job) -> float | None:
        """Seconds for the longest piece, an epoch or a distribution: a job that is stopped within loses it."""
        training, measuring = self._rates(job)
        if None in (training, measuring):
            return None
        cells = [[images_of(job.study, cell) for cell in job.cells if cell[:2] == chain] for chain in job.chains]
        pieces = [training * sum(max(images, default=0) for images in cells)]
        pieces += [
            measuring * _networks_images(job.study, part) / PARTS[part].pieces(job.study)
            for parts in job.parts
            for part in parts
        ]
        return max(pieces)

    def _rates(self, job: Job) -> tuple[float | None, float | None]:
        """Seconds per image of training and of measuring; 0 for what the job has not to do."""
        return (
            self._training_rate(job.study) if job.cells else 0.0,
            self._measuring_rate(job.study) if any(job.parts) else 0.0,
        )

    @functools.cache  # noqa: B019 (one Pace lives as long as what it has read is right)
    def _training_rate(self, study: Study) -> float | None:
        """Seconds per image and epoch: of cells of this study if there are any, else of this network at all."""
        own = self._measured_cells(study.training_key, study)
        alike = [
            one for one in self.known.items() if (one[1].network, one[1].dataset) == (study.network, study.dataset)
        ]
        # Of other studies the fastest: the smaller ones spend their time on other things than images.
        others = [rate for key, other in alike for rate in self._measured_cells(key, other)]
        return statistics.median(own) if own else min(others, default=self._noted_rate(study))

    def _noted_rate(self, study: Study) -> float | None:
        """Seconds per image and epoch in the notes of running jobs that train or measure this network."""
        notes_alike = [
            note
            for job in self.running
            if (job.study.network, job.study.dataset) == (study.network, study.dataset)
            and (note := notes.read(job.note(self.folder))) is not None
        ]
        rates = [TRAINING_PASSES * each for note in notes_alike if (each := notes.seconds_each(note)) is not None]
        return min(rates, default=None)

    def _measured_cells(self, key: str, study: Study) -> list[float]:
        rates = []
        for manifest in (self.folder / "checkpoints" / key).glob("*.json"):
            try:
                facts = json.loads(manifest.read_text())
                images = len(facts["history"]) * images_of(study, tuple(facts["cell"]))
                if self.device in (None, facts["device"]):
                    rates.append(facts["seconds"] / images)
            except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
                continue  # damaged: the log says so when the checkpoint is read
        return rates

    @functools.cache  # noqa: B019
    def _measuring_rate(self, study: Study) -> float | None:
        """Seconds per image and network."""
        rates = []
        for key, other in self.results.items():
            if (other.network, other.dataset) != (study.network, study.dataset):
                continue
            for file in (self.folder / "results" / key).glob("*/*.nc"):
                try:
                    attributes = results.attributes_of(file)
                    if self.device in (None, attributes["device"]):
                        rates.append(attributes["wall_seconds"] / _networks_images(other, file.parent.name))
                except (OSError, ValueError, KeyError, RuntimeError):
                    continue
        training = self._training_rate(study)
        if not rates:
            return None if training is None else training / TRAINING_PASSES
        # A small study spends its time on other things than images; to train on one takes longer than to look at it.
        rate = statistics.median(rates)
        return rate if training is None else min(rate, training)


def _networks_images(study: Study, part: str) -> int:
    """Images that all networks of a chain see together."""
    return PARTS[part].images(study) * (len(study.ladder) + 1)
