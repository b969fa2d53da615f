"""The parts of a study's results: what is measured on its trained networks, as datasets of the schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from . import data, evaluation, prune_retrain
from .progress import Progress
from .study import Study


class TrainedNetworks:
    """The trained networks of a study, every cell once, and where each belongs in (pruner, repetition, cycle)."""

    def __init__(self, study: Study, folder: Path, device: torch.device):
        self.study, self.device = study, device
        self.cells, self.networks, self.facts = [], [], []
        for cell in prune_retrain.cells(study):
            found = prune_retrain.load(study, cell, folder, device)
            if found is not None:  # cells that could not be reached are not there
                network, _, facts = found
                self.cells.append(cell)
                self.networks.append(network)
                self.facts.append(facts)
        self.coordinates = {
            "pruner": list(study.methods),
            "repetition": np.arange(study.repetitions),
            "cycle": np.arange(len(study.ladder) + 1),
        }

    def __len__(self) -> int:
        return len(self.networks)

    def predict(self, inputs: torch.Tensor, bar: Progress) -> torch.Tensor:
        """Logits float32 [networks, n, classes] of network inputs float32 [n, 3, h, w]."""
        return evaluation.predict(self.networks, inputs, bar.step)

    def parents(self) -> list[int]:
        """For each network the index of its unpruned parent (for a parent: its own)."""
        return [self.cells.index(("parent", repetition, 0)) for _, repetition, _ in self.cells]

    def labelled(self, values: torch.Tensor | list[float], **last: list) -> xr.DataArray:
        """Values [networks, …] as an array over (pruner, repetition, cycle, …); the parent stands in every pruner."""
        values = np.asarray(values, dtype=np.float64)
        full = np.full(tuple(map(len, self.coordinates.values())) + values.shape[1:], np.nan)
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


def images_to_evaluate(study: Study, part: str) -> int:
    """How many images every network sees for one part."""
    scale = study.scale
    if part == "noise":
        return len(scale.noise_levels) * scale.noise_draws * _noise_images(study)
    images = evaluation.test_size(study)
    return images if part == "curves" else images * (len(evaluation.distributions(study)) - 1)


def _curves(networks: TrainedNetworks, _: None, bar: Progress) -> xr.Dataset:
    images, labels = evaluation.test_part(networks.study, networks.device)
    logits = networks.predict(data.normalize(images, networks.study.dataset), bar)
    return xr.Dataset(
        {
            "prune_ratio": networks.labelled([facts["prune_ratio"] for facts in networks.facts]),
            "flop_reduction": networks.labelled([facts["flop_reduction"] for facts in networks.facts]),
            "test_error": networks.labelled(evaluation.error(logits, labels).cpu()),
            "test_loss": networks.labelled(evaluation.loss(logits, labels).cpu()),
        }
    )


def _shift(networks: TrainedNetworks, curves: xr.Dataset, bar: Progress) -> xr.Dataset:
    """The error on every distribution; on the nominal one it is that of ``curves``."""
    study = networks.study
    images, labels = evaluation.test_part(study, networks.device)
    nominal, *shifts = evaluation.distributions(study)
    errors = []
    for name in shifts:
        inputs = data.normalize(evaluation.shifted(images, name, study), study.dataset)
        errors.append(evaluation.error(networks.predict(inputs, bar), labels).cpu())
    shifted = networks.labelled(torch.stack(errors, -1), distribution=shifts)
    error = xr.concat([curves.test_error.expand_dims(distribution=[nominal]), shifted], "distribution")
    return xr.Dataset({"error": error.transpose(..., "distribution")})


def _noise(networks: TrainedNetworks, _: None, bar: Progress) -> xr.Dataset:
    """Error, and distance from the parent, on images with uniform noise; all networks see the same noise."""
    study, scale = networks.study, networks.study.scale
    images, labels = (tensor[: _noise_images(study)] for tensor in evaluation.test_part(study, networks.device))
    inputs = data.normalize(images, study.dataset)
    parents = networks.parents()
    # A separately trained network of the same kind: the unpruned parent of the next repetition.
    own = [networks.cells.index(("parent", repetition, 0)) for repetition in range(study.repetitions)]
    other = own[1:] + own[:1]
    pruned = {name: [] for name in ("error", "matching_predictions", "softmax_distance")}
    separate = {f"separate_{name}": [] for name in pruned}
    for level in scale.noise_levels:
        draws, separate_draws = [], []
        for draw in range(scale.noise_draws):
            noisy = evaluation.noisy(inputs, level, study.seed_for("noise", level, draw))
            logits = networks.predict(noisy, bar)
            draws.append(_compare(logits, logits[parents], labels))
            separate_draws.append(_compare(logits[other], logits[own], labels))
        for into, seen in ((pruned, draws), (separate, separate_draws)):
            for values, mean in zip(into.values(), torch.stack(seen).mean(0), strict=True):
                values.append(mean.cpu())
    levels = {"noise_level": list(scale.noise_levels)}
    dataset = {name: networks.labelled(torch.stack(values, -1), **levels) for name, values in pruned.items()}
    if study.repetitions > 1:
        coordinates = {"repetition": networks.coordinates["repetition"]} | levels
        for name, values in separate.items():
            dataset[name] = xr.DataArray(torch.stack(values, -1).numpy(), coordinates)
    return xr.Dataset(dataset)


def _compare(logits: torch.Tensor, parents: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Error, matching predictions and softmax distance: float64 [3, networks]."""
    pairs = list(zip(logits, parents, strict=True))
    return torch.stack(
        [
            evaluation.error(logits, labels),
            torch.stack([evaluation.matching_predictions(one, parent) for one, parent in pairs]),
            torch.stack([evaluation.softmax_distance(one, parent) for one, parent in pairs]),
        ]
    )


def _noise_images(study: Study) -> int:
    return min(study.scale.noise_images, evaluation.test_size(study))


COMPUTE: dict[str, Callable[[TrainedNetworks, xr.Dataset | None, Progress], xr.Dataset]] = {
    "curves": _curves,
    "shift": _shift,
    "noise": _noise,
}
