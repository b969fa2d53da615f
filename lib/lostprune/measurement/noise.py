"""Part ``noise``: error, and distance from the parent, on images with uniform noise (Section 4.1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import xarray as xr
from torch import nn

from .. import data, tasks
from ..foundations.progress import Progress
from ..study import Study
from . import inference, test_sets
from .networks import Item
from .part import CHAIN, Part
from .resumable import Measurement, Values

MEASURES = ("error", "matching_predictions", "softmax_distance")
_NOISE = CHAIN + ("noise_level",)


def noisy(inputs: torch.Tensor, level: float, seed: int) -> torch.Tensor:
    """Inputs plus uniform noise from [-level, level] per value, in normalised space, not clipped (Section 4.1)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(inputs.shape, generator=generator).to(inputs.device)
    return inputs + (2 * noise - 1) * level


class Noise(Part):
    """All networks of a repetition see the same noise; the separate network beside them shows what distance means."""

    name = "noise"
    variables = dict.fromkeys(MEASURES, _NOISE)
    optional = {f"separate_{name}": ("repetition", "noise_level") for name in MEASURES}
    fractions = ("error", "matching_predictions")
    needs_separate = True

    @classmethod
    def images(cls, study: Study) -> int:
        return len(study.scale.noise_levels) * study.scale.noise_draws * images(study)

    @classmethod
    def pieces(cls, study: Study) -> int:
        return len(study.scale.noise_levels)

    def items(self) -> list[Item]:
        separate = self.networks.separate
        return [(position, 0) for position in range(len(self.networks))] + [(separate, 0)] * (separate is not None)

    def measurements(self) -> list[Measurement]:
        draws = self.study.scale.noise_draws
        source = f"{draws} draws of {images(self.study)} images, {test_sets.digest(self.study)}"
        return [
            Measurement(f"level{i}", f"{level}: {source}", draws * images(self.study), self._at(level))
            for i, level in enumerate(self.study.scale.noise_levels)
        ]

    def _at(self, level: float) -> Callable[[dict[int, nn.Module], list[Item], Progress], Values]:
        study, device = self.study, self.networks.device

        def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
            shown = test_sets.test_set(study, study.dataset, device)
            needed = list(dict.fromkeys(position for item in items for position in item))
            sums = torch.zeros(study.scale.noise_draws, len(items), len(MEASURES), dtype=torch.float64)
            counts = [[[] for _ in items] for _ in range(study.scale.noise_draws)]
            first = 0
            for pixels, labels in shown.blocks(images(study)):
                inputs = data.normalize(pixels, study.dataset)
                for draw in range(study.scale.noise_draws):
                    purpose = ("noise", level, draw, first) if first else ("noise", level, draw)
                    seen = noisy(inputs, level, study.seed_for(*purpose))
                    outputs = inference.each([loaded[position] for position in needed], seen, bar.step)
                    logits = dict(zip(needed, outputs, strict=True))
                    for i, (one, other) in enumerate(items):
                        counts[draw][i].append(study.task.counts(logits[one], labels))
                        sums[draw, i, 1] += tasks.matching_predictions(logits[one], logits[other]).item() * len(labels)
                        sums[draw, i, 2] += tasks.softmax_distance(logits[one], logits[other]).item() * len(labels)
                first += len(labels)
            sums /= first
            sums[:, :, 0] = torch.tensor(
                [[study.task.error(torch.cat(each)) for each in draw] for draw in counts], dtype=torch.float64
            )
            return dict(zip(MEASURES, sums.mean(0).unbind(-1), strict=True))

        return take

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        dataset, count = {}, len(self.networks)
        coordinate = {"noise_level": list(self.study.scale.noise_levels)}
        for name in MEASURES:
            both = torch.stack([one[name] for one in values.values()], -1)
            dataset[name] = self.networks.labelled(both[:count], **coordinate)
            if self.networks.separate is not None:
                repetition = {"repetition": self.networks.coordinates["repetition"]}
                dataset[f"separate_{name}"] = xr.DataArray(both[count:].numpy(), repetition | coordinate)
        return xr.Dataset(dataset)


def images(study: Study) -> int:
    """How many test images are shown with noise."""
    return min(study.scale.noise_images, test_sets.size(study))
