"""Part ``informative``: are the pixels that suffice for one network enough for another (Section 4.1, Appendix C.1)?"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import backselect, data
from ..foundations.progress import Progress
from ..study import Study
from . import inference, test_sets
from .informative_choice import (
    CORRUPTED,
    PARENT,
    SEPARATE,
    distributions,
    images,
    kept_by,
    kept_pixels,
    mask_of,
    name_of_cycle,
    nearest_cycles,
    network_names,
    passes,
)
from .networks import Item, TrainedNetworks
from .part import Part, SchemaError
from .resumable import Measurement, Values

EXAMPLES = 4  # images whose kept pixels stay in the results, to be shown
# Images whose rankings are one piece on disk: an exact one may take a minute for each network and image.
BLOCKS = {"exact": 4, "gradient": 50}
SEEN_AT_A_TIME = 256  # masked images

_CHAIN = ("pruner", "repetition")
_PAIR = (*_CHAIN, "distribution", "mask_network", "network", "image")
_WHOLE = (*_CHAIN, "distribution", "network", "image")


class Informative(Part):
    """Every network keeps a tenth of the pixels for itself; then every network sees what every other one kept.

    Pixels are chosen toward the class that the network predicts for the whole image (Figure 3's caption).

    Raises:
        ValueError: the networks do not give one class to an image.
    """

    name = "informative"
    variables = {
        "confidence": _PAIR,
        "output_distance": _PAIR,
        "whole_confidence": _WHOLE,
        "right": _WHOLE,
        "kept": (*_CHAIN, "distribution", "mask_network", "example", "pixel"),
        "prune_ratio": (*_CHAIN, "network"),
        "source": ("distribution",),
    }
    fractions = ("confidence", "whole_confidence", "prune_ratio")
    needs_separate = True

    @classmethod
    def images(cls, study: Study) -> int:
        return len(distributions(study)) * images(study) * passes(study)

    def items(self) -> list[Item]:
        return [(position,) for position in self._positions.values()]

    def measurements(self) -> list[Measurement]:
        study, scale, found = self.study, self.study.scale, []
        for distribution in distributions(study):
            for first in range(0, images(study), BLOCKS[scale.informative_search]):
                count = min(BLOCKS[scale.informative_search], images(study) - first)
                source = (
                    f"{self._source(distribution)}, {test_sets.digest(study)}, {count} images, "
                    f"{scale.informative_search} search, {scale.informative_pixels_per_step} pixels a step"
                )
                take = self._rank(distribution, first, count)
                found.append(Measurement(f"{distribution}-{first}", source, count * passes(study), take))
        return found

    @property
    def _positions(self) -> dict[str, int]:
        return positions(self.networks)

    @functools.cached_property
    def _drawn(self) -> list[str]:
        """The corruption of every image."""
        names = test_sets.corrupted_distributions(self.study)
        generator = torch.Generator().manual_seed(self.study.seed_for("informative", CORRUPTED))
        return [names[place] for place in torch.randint(len(names), (images(self.study),), generator=generator)]

    @functools.cached_property
    def _sets(self) -> dict[str, test_sets.TestSet]:
        """The nominal test set, and every corrupted one that an image is taken from."""
        needed = [self.study.dataset]
        if CORRUPTED in distributions(self.study):
            needed += sorted(set(self._drawn))
        return {name: test_sets.test_set(self.study, name, self.networks.device) for name in needed}

    def _source(self, distribution: str) -> str:
        names = {distribution} if distribution == self.study.dataset else set(self._drawn)
        return ", ".join(sorted({self._sets[name].source for name in names}))

    def _inputs(self, distribution: str, first: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Network inputs float32 [count, 3, h, w] and their labels."""
        nominal = self._sets[self.study.dataset]
        if distribution == self.study.dataset:
            shown = nominal.images(first, count)
        else:
            drawn = enumerate(self._drawn[first : first + count], start=first)
            shown = torch.cat([self._sets[name].images(place, 1) for place, name in drawn])
        return data.normalize(shown, self.study.dataset), nominal.labels[first : first + len(shown)].to(shown.device)

    def _rank(
        self, distribution: str, first: int, count: int
    ) -> Callable[[dict[int, nn.Module], list[Item], Progress], Values]:
        scale = self.study.scale

        def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
            inputs, _ = self._inputs(distribution, first, count)
            kept = []
            for (position,) in items:
                ranked = backselect.rank_pixels(
                    loaded[position],
                    inputs,
                    pixels_per_step=scale.informative_pixels_per_step,
                    search=scale.informative_search,
                )
                kept.append(kept_by(ranked))
                bar.step(count * passes(self.study))
            return {"kept": torch.stack(kept)}

        return take

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        started, study = time.monotonic(), self.study
        names, shown = list(network_names(study)), list(distributions(study))
        pixels, rows = study.image_shape[1] * study.image_shape[2], len(values) // len(shown)
        pieces = [one["kept"] for one in values.values()]
        kept = torch.stack([torch.cat(pieces[i * rows : (i + 1) * rows], 1) for i in range(len(shown))])
        masks = mask_of(kept, pixels)
        found = [self._evaluate(name, mask) for name, mask in zip(shown, masks, strict=True)]
        self.plan.seconds += time.monotonic() - started
        places = [names.index(name) for name in self._positions]  # a network that was not reached leaves a gap

        def full(values: torch.Tensor, *axes: int) -> np.ndarray:
            for axis in axes:
                shape = (*values.shape[:axis], len(names), *values.shape[axis + 1 :])
                gaps = values.new_zeros(shape) if values.dtype == torch.bool else values.new_full(shape, torch.nan)
                values = gaps.index_copy_(axis, torch.tensor(places), values)
            return values.numpy()[None, None]

        columns = {name: torch.stack([one[name] for one in found]).cpu() for name in found[0]}
        ratios = [self.networks.facts[position]["prune_ratio"] for position in self._positions.values()]
        pairs = {name: (_PAIR, full(columns[name], 1, 2)) for name in ("confidence", "output_distance")}
        whole = {name: (_WHOLE, full(columns[name], 1)) for name in ("whole_confidence", "right")}
        return xr.Dataset(
            {
                **pairs,
                **whole,
                "kept": (self.variables["kept"], full(masks[:, :, :EXAMPLES], 1)),
                "prune_ratio": (self.variables["prune_ratio"], full(torch.tensor(ratios, dtype=torch.float64), 0)),
                "source": ("distribution", [self._source(name) for name in shown]),
            },
            {
                **{name: self.networks.coordinates[name] for name in _CHAIN},
                "distribution": shown,
                "mask_network": names,
                "network": names,
                "image": np.arange(masks.shape[2]),
                "example": np.arange(min(EXAMPLES, masks.shape[2])),
                "pixel": np.arange(pixels),
            },
        )

    def _evaluate(self, distribution: str, masks: torch.Tensor) -> dict[str, torch.Tensor]:
        """What every network says of every masked image: (chosen by, evaluated on, image), and of whole ones."""
        blocks = []
        for first in range(0, masks.shape[1], SEEN_AT_A_TIME):
            inputs, labels = self._inputs(distribution, first, min(SEEN_AT_A_TIME, masks.shape[1] - first))
            chosen = masks[:, first : first + len(inputs)].to(inputs.device).unflatten(-1, inputs.shape[2:])
            columns = [self._outputs(position, inputs, chosen) for position in self._positions.values()]
            outputs = torch.stack(columns, 1)  # (all pixels, then chosen by; evaluated on; image; class)
            true = outputs.gather(-1, labels.expand(outputs.shape[:-1])[..., None])[..., 0]
            pairs = outputs[1:]
            own = pairs.diagonal().permute(2, 0, 1)  # the diagonal comes last
            blocks.append(
                {
                    "confidence": true[1:],
                    "output_distance": (pairs - own).norm(dim=-1),
                    "whole_confidence": true[0],
                    "right": outputs[0].argmax(-1) == labels,
                }
            )
        return {name: torch.cat([block[name] for block in blocks], -1) for name in blocks[0]}

    def _outputs(self, position: int, inputs: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Softmax outputs [1 + masks, images, classes] of one network: on whole images, then under each mask."""
        network = self.networks.loaded([position])[position]
        seen = [inputs, *(inputs * mask[:, None] for mask in masks)]
        return torch.stack([inference.predict([network], one)[0] for one in seen]).softmax(-1)

    @classmethod
    def check(cls, dataset: xr.Dataset) -> None:
        """That pairs are of the same networks, and values missing only where a network was not reached."""
        names = dataset["network"].values.tolist()
        if dataset["mask_network"].values.tolist() != names or PARENT not in names or len(set(names)) < len(names):
            raise SchemaError(
                f"informative: got the networks {names} and {dataset['mask_network'].values.tolist()}, expected the "
                f"same in both, each once, and {PARENT!r} among them"
            )
        if dataset.attrs["dataset"] not in dataset["distribution"].values:
            raise SchemaError(f"informative: the nominal distribution, {dataset.attrs['dataset']!r}, is missing")
        for name in ("right", "kept"):
            if dataset[name].dtype != bool:
                raise SchemaError(f"informative.{name}: got {dataset[name].dtype}, expected bool")
        gone = dataset["prune_ratio"].isnull()
        either = gone | gone.rename(network="mask_network").assign_coords(mask_network=names)
        gaps = {"confidence": either, "output_distance": either, "whole_confidence": gone}
        if any(bool((dataset[name].isnull() != expected).any()) for name, expected in gaps.items()):
            raise SchemaError("informative: values must be NaN for the networks without a prune ratio, and no others")
        if bool(gone.sel(network=PARENT).any()):
            raise SchemaError("informative: the parent has no prune ratio, expected 0")
        distance, size = dataset["output_distance"], kept_pixels(dataset.sizes["pixel"])
        if bool(((distance < 0) | (distance > 1.4143)).any()):
            raise SchemaError("informative.output_distance: expected distances of softmax outputs, in [0, √2]")
        there = ~gone.rename(network="mask_network").assign_coords(mask_network=names)
        if bool((dataset["kept"].sum("pixel") != size * there).any()):
            raise SchemaError(f"informative.kept: expected {size} pixels of every image and network")


def positions(networks: TrainedNetworks) -> dict[str, int]:
    """Position of each compared network that exists, by its name in the results."""
    cycles = {cycle: position for position, (_, _, cycle) in enumerate(networks.cells)}
    compared = nearest_cycles(networks.study)
    found = {PARENT: 0} | {name_of_cycle(cycle): cycles[cycle] for cycle in compared if cycle in cycles}
    return found if networks.separate is None else found | {SEPARATE: networks.separate}
