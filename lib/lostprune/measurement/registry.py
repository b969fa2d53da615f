"""The parts of a study's results: what is measured on its trained networks, as datasets of the schema."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import corruptions, data
from ..foundations.progress import Progress
from ..study import Study
from . import inference, shrunk_costs, test_sets
from .networks import Item, TrainedNetworks
from .resumable import Measurement, Plan, Values

log = logging.getLogger("lostprune")
Assemble = Callable[[dict[str, Values]], xr.Dataset]


class Part:
    """One part of a study's results: what is left to measure for it, and the dataset that comes of it.

    Attributes:
        plan: what is left; its pieces are on disk until they are removed.
        left_out: distributions that cannot be had, and why.
    """

    def __init__(self, name: str, networks: TrainedNetworks):
        self.left_out: dict[str, str] = {}
        measurements, items, self._assemble = COMPUTE[name](networks, self.left_out)
        self.plan = Plan(networks, name, measurements, items)

    def compute(self, bar: Progress) -> xr.Dataset:
        """The dataset, without what every part has in its attributes. Raises OSError: the store cannot be written."""
        dataset = self._assemble(self.plan.take(bar))
        return dataset.assign_attrs(wall_seconds=self.plan.seconds, left_out=json.dumps(self.left_out))


def images_to_evaluate(study: Study, part: str) -> int:
    """How many images every network sees for one part."""
    scale = study.scale
    if part == "noise":
        return len(scale.noise_levels) * scale.noise_draws * _noise_images(study)
    corrupted = len(test_sets.corrupted_distributions(study)) * len(corruptions.SEVERITIES)
    times = {"curves": 1, "shift": len(test_sets.distributions(study)), "severities": corrupted}
    return test_sets.test_size(study) * times[part]


def _curves(networks: TrainedNetworks, _: dict) -> tuple[list[Measurement], list[Item], Assemble]:
    study = networks.study

    def assemble(values: dict[str, Values]) -> xr.Dataset:
        facts, (measured, shrunk) = networks.facts, values.values()
        return xr.Dataset(
            {
                "prune_ratio": networks.labelled([one["prune_ratio"] for one in facts]),
                "flop_reduction": networks.labelled([one["flop_reduction"] for one in facts]),
                "test_error": networks.labelled(measured["wrong"].double().mean(-1)),
                "test_loss": networks.labelled(measured["loss"]),
            }
            | {name: networks.labelled(counts) for name, counts in shrunk.items()}
        )

    measurements = [_classify(networks, study.dataset, test_sets.SEVERITY), shrunk_costs.measurement(networks)]
    return measurements, _alone(networks), assemble


def _shift(networks: TrainedNetworks, left_out: dict) -> tuple[list[Measurement], list[Item], Assemble]:
    """Which images are misclassified, on every distribution that can be had."""
    measurements = {}
    for name in test_sets.distributions(networks.study):
        try:
            measurements[name] = _classify(networks, name, test_sets.SEVERITY)
        except data.DataUnavailable as reason:
            if name in corruptions.NAMES or name == networks.study.dataset:
                raise  # it could be had: a damaged archive must not look like a missing one
            log.warning("%s is left out: %s", name, reason)
            # What stays in the results is read on other machines, so it does not repeat what is wrong with this one.
            _, known_as = test_sets.NEW_TEST_SET[networks.study.dataset]
            left_out[name] = f"it could not be had; `lostprune data {known_as}` fetches it, or says how to get it."

    def assemble(values: dict[str, Values]) -> xr.Dataset:
        wrong = [one["wrong"] for one in values.values()]
        counts = [each.shape[-1] for each in wrong]
        padded = np.zeros((len(networks), len(wrong), max(counts)), bool)
        for position, each in enumerate(wrong):
            padded[:, position, : counts[position]] = each
        names = {"distribution": list(measurements)}
        error = torch.stack([each.double().mean(-1) for each in wrong], -1)
        return xr.Dataset(
            {
                "error": networks.labelled(error, **names),
                "wrong": networks.labelled(padded, **names, image=np.arange(max(counts))),
                "images": xr.DataArray(counts, names),
                "source": xr.DataArray([one.source for one in measurements.values()], names),
            }
        )

    return list(measurements.values()), _alone(networks), assemble


def _severities(networks: TrainedNetworks, _: dict) -> tuple[list[Measurement], list[Item], Assemble]:
    """The error under every corruption at every severity."""
    names, levels = test_sets.corrupted_distributions(networks.study), corruptions.SEVERITIES
    if not names:
        raise ValueError(f"part 'severities': scale {networks.study.scale.name!r} has no corruption; name some in it")
    measurements = [_classify(networks, name, severity) for name in names for severity in levels]

    def assemble(values: dict[str, Values]) -> xr.Dataset:
        errors = torch.stack([one["wrong"].double().mean(-1) for one in values.values()], -1)
        error = errors.unflatten(-1, (len(names), len(levels)))
        sources = [one.source for one in measurements[:: len(levels)]]
        return xr.Dataset(
            {
                "error": networks.labelled(error, distribution=list(names), severity=list(levels)),
                "source": xr.DataArray(sources, {"distribution": list(names)}),
            }
        )

    return measurements, _alone(networks), assemble


def _classify(networks: TrainedNetworks, distribution: str, severity: int) -> Measurement:
    """``wrong``, bool [items, images], and ``loss`` on the images of one distribution."""
    study, device = networks.study, networks.device

    def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
        images, labels, _ = test_sets.test_images(study, distribution, device, severity)
        inputs = data.normalize(images, study.dataset)
        wrong, loss = [], []
        for logits in inference.each([loaded[position] for (position,) in items], inputs, bar.step):
            wrong.append(test_sets.wrong(logits, labels))
            loss.append(test_sets.loss(logits, labels))
        return {"wrong": torch.stack(wrong), "loss": torch.stack(loss)}

    origin = test_sets.source(study, distribution, severity)
    return Measurement(f"{distribution}-{severity}", origin, test_sets.test_size(study), take)


def _noise(networks: TrainedNetworks, _: dict) -> tuple[list[Measurement], list[Item], Assemble]:
    """Error, and distance from the parent, on images with uniform noise; all networks see the same noise."""
    study = networks.study
    draws, levels = study.scale.noise_draws, study.scale.noise_levels
    pruned = list(enumerate(networks.parents()))
    # A separately trained network of the same kind: the unpruned parent of the next repetition.
    own = [networks.cells.index(("parent", repetition, 0)) for repetition in range(study.repetitions)]
    separate = list(zip(own[1:] + own[:1], own, strict=True)) if study.repetitions > 1 else []

    def at(level: float) -> Callable[[dict[int, nn.Module], list[Item], Progress], Values]:
        def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
            images, labels = (tensor[: _noise_images(study)] for tensor in test_sets.test_part(study, networks.device))
            inputs = data.normalize(images, study.dataset)
            needed = list(dict.fromkeys(position for item in items for position in item))
            means = []
            for draw in range(draws):
                noisy = test_sets.noisy(inputs, level, study.seed_for("noise", level, draw))
                seen = inference.each([loaded[position] for position in needed], noisy, bar.step)
                logits = dict(zip(needed, seen, strict=True))
                means.append(torch.stack([_compare(logits[one], logits[other], labels) for one, other in items]))
            error, matching, distance = torch.stack(means).mean(0).unbind(-1)
            return {"error": error, "matching_predictions": matching, "softmax_distance": distance}

        return take

    def assemble(values: dict[str, Values]) -> xr.Dataset:
        dataset, coordinate = {}, {"noise_level": list(levels)}
        for name in ("error", "matching_predictions", "softmax_distance"):
            both = torch.stack([one[name] for one in values.values()], -1)
            dataset[name] = networks.labelled(both[: len(pruned)], **coordinate)
            if separate:
                repetition = {"repetition": networks.coordinates["repetition"]}
                dataset[f"separate_{name}"] = xr.DataArray(both[len(pruned) :].numpy(), repetition | coordinate)
        return xr.Dataset(dataset)

    source, images = f"{draws} draws of {_noise_images(study)} images", draws * _noise_images(study)
    measurements = [Measurement(f"level{i}", f"{level}: {source}", images, at(level)) for i, level in enumerate(levels)]
    return measurements, pruned + separate, assemble


def _compare(logits: torch.Tensor, parent: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Error, matching predictions and softmax distance of one network: float64 [3]."""
    return torch.stack(
        [
            test_sets.error(logits, labels),
            test_sets.matching_predictions(logits, parent),
            test_sets.softmax_distance(logits, parent),
        ]
    )


def _alone(networks: TrainedNetworks) -> list[Item]:
    return [(position,) for position in range(len(networks))]


def _noise_images(study: Study) -> int:
    return min(study.scale.noise_images, test_sets.test_size(study))


COMPUTE: dict[str, Callable[[TrainedNetworks, dict], tuple[list[Measurement], list[Item], Assemble]]] = {
    "curves": _curves,
    "shift": _shift,
    "severities": _severities,
    "noise": _noise,
}
