"""Part ``masking``: what the heat maps of part ``informative`` owe to how pixels are masked and searched.

Not in the paper. Masked pixels show the mean of the data set there, and masked images are unlike any that a network was
trained on; and short scales search by gradients, which do not find the pixels of the paper's exact search.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import nn

from .. import backselect, data
from ..foundations import lazy
from ..foundations.progress import Progress
from ..study import Study
from . import inference, test_sets
from .informative import positions
from .informative_choice import images, kept_by, mask_of, network_names
from .networks import CHAIN, Item
from .part import Part, SchemaError
from .resumable import Measurement, Values

v2 = lazy.Module("torchvision.transforms.v2")
FILLS = ("mean", "black", "blurred")
BLUR = 5.0  # standard deviation in pixels: of a 32 x 32 image its large shapes and colours remain
IMAGES = 20  # whose pixels are ranked for each fill, if the scale ranks as many
SEARCHED = 4  # images whose pixels both searches rank for the parent
PIXELS_PER_STEP = 10  # of the search by gradients, where the scale's own search is exact

_CHAIN = CHAIN[:2]


def fill_of(inputs: torch.Tensor, fill: str, dataset: str) -> torch.Tensor:
    """What masked pixels show, like the network inputs float32 [n, 3, h, w].

    Args:
        inputs: normalised images.
        fill: ``"mean"``, of the data set; ``"black"``; or ``"blurred"``, the image itself without its details.
        dataset: whose mean and standard deviation.
    """
    if fill == "mean":
        return torch.zeros_like(inputs)
    if fill == "black":
        black = torch.zeros(1, *inputs.shape[1:], dtype=torch.uint8, device=inputs.device)
        return data.normalize(black, dataset).expand_as(inputs)
    size = 2 * min(int(2 * BLUR), min(inputs.shape[2:]) - 1) + 1
    return v2.functional.gaussian_blur(inputs, [size, size], [BLUR, BLUR])


class Masking(Part):
    """Every network ranks pixels once for each fill; the parent also ranks those of a few images by both searches."""

    name = "masking"
    variables = {
        "confidence": (*_CHAIN, "fill", "mask_network", "network", "image"),
        "search_confidence": (*_CHAIN, "search", "example"),
        "prune_ratio": (*_CHAIN, "network"),
    }
    fractions = ("confidence", "search_confidence", "prune_ratio")
    needs_separate = True

    @classmethod
    def images(cls, study: Study) -> int:
        return _steps(study) * _images(study) * len(FILLS) + _search_images(study)

    def items(self) -> list[Item]:
        return [(position,) for position in positions(self.networks).values()]

    def measurements(self) -> list[Measurement]:
        study = self.study
        source = f"{test_sets.digest(study)}, {_images(study)} images, {_pixels_per_step(study)} pixels a step"
        shown = _steps(study) * _images(study)
        found = [Measurement(f"fill-{fill}", f"{fill}, {source}", shown, self._rank(fill)) for fill in FILLS]
        return [*found, Measurement("search", f"{_searched(study)} of {source}", _search_images(study), self._search)]

    def _inputs(self) -> tuple[torch.Tensor, torch.Tensor]:
        nominal = test_sets.test_set(self.study, self.study.dataset, self.networks.device)
        shown = data.normalize(nominal.images(0, _images(self.study)), self.study.dataset)
        return shown, nominal.labels[: len(shown)].to(shown.device)

    def _rank(self, fill: str) -> Callable[[dict[int, nn.Module], list[Item], Progress], Values]:
        def take(loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
            inputs, _ = self._inputs()
            kept = []
            for (position,) in items:
                kept.append(_kept(loaded[position], inputs, self.study, "gradient", fill))
                bar.step(_steps(self.study) * len(inputs))
            return {"kept": torch.stack(kept)}

        return take

    def _search(self, loaded: dict[int, nn.Module], items: list[Item], bar: Progress) -> Values:
        """Confidence of the parent, in the class that it predicts, on the pixels that each search keeps."""
        inputs = self._inputs()[0][: _searched(self.study)]
        found = torch.full((len(items), len(backselect.SEARCHES), len(inputs)), torch.nan)
        for row, (position,) in enumerate(items):
            if position:
                continue
            network = loaded[position]
            target = inference.predict([network], inputs)[0].argmax(-1, keepdim=True)
            for column, search in enumerate(backselect.SEARCHES):
                mask = _mask(_kept(network, inputs, self.study, search, "mean"), inputs)
                confidence = inference.predict([network], inputs * mask)[0].softmax(-1).gather(-1, target)
                found[row, column] = confidence[:, 0].cpu()
        bar.step(_search_images(self.study) * len(items))
        return {"confidence": found}

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        names, there = list(network_names(self.study)), positions(self.networks)
        inputs, labels = self._inputs()
        confidence = torch.full((len(FILLS), len(names), len(names), len(inputs)), torch.nan)
        networks = {name: self.networks.loaded([position])[position] for name, position in there.items()}
        for place, fill in enumerate(FILLS):
            shown = fill_of(inputs, fill, self.study.dataset)
            for chooser, kept in zip(there, values[f"fill-{fill}"]["kept"], strict=True):
                mask = _mask(kept.to(inputs.device), inputs)
                masked = inputs * mask + shown * ~mask
                for name, network in networks.items():
                    outputs = inference.predict([network], masked)[0].softmax(-1)
                    true = outputs.gather(-1, labels[:, None])[:, 0].cpu()
                    confidence[place, names.index(chooser), names.index(name)] = true
        ratios = torch.full((len(names),), torch.nan, dtype=torch.float64)
        for name, position in there.items():
            ratios[names.index(name)] = self.networks.facts[position]["prune_ratio"]
        searched = values["search"]["confidence"][list(there).index("parent")]
        columns = {"confidence": confidence, "search_confidence": searched, "prune_ratio": ratios}
        return xr.Dataset(
            {name: (self.variables[name], column.numpy()[None, None]) for name, column in columns.items()},
            {
                **{name: self.networks.coordinates[name] for name in _CHAIN},
                "fill": list(FILLS),
                "mask_network": names,
                "network": names,
                "search": list(backselect.SEARCHES),
                "image": np.arange(len(inputs)),
                "example": np.arange(searched.shape[1]),
            },
        )

    @classmethod
    def check(cls, dataset: xr.Dataset) -> None:
        """That the parent has all values."""
        parents = dataset["confidence"].sel(mask_network="parent", network="parent")
        if bool(parents.isnull().any()) or bool(dataset["search_confidence"].isnull().any()):
            raise SchemaError("masking: got NaN for the parent, expected a confidence for every image")


def _kept(network: nn.Module, inputs: torch.Tensor, study: Study, search: str, fill: str) -> torch.Tensor:
    """The pixels that a network keeps, int32 [n, pixels]."""
    ranked = backselect.rank_pixels(
        network,
        inputs,
        pixels_per_step=_pixels_per_step(study),
        search=search,
        fill=fill_of(inputs, fill, study.dataset),
    )
    return kept_by(ranked)


def _mask(kept: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """bool [n, 1, h, w]: whether a pixel is kept."""
    height, width = inputs.shape[2:]
    return mask_of(kept.to(inputs.device), height * width).view(-1, 1, height, width)


def _images(study: Study) -> int:
    return min(IMAGES, images(study))


def _searched(study: Study) -> int:
    return min(SEARCHED, _images(study))


def _search_images(study: Study) -> int:
    """That a network sees on average: only for the parent are pixels searched exactly."""
    pixels = study.image_shape[1] * study.image_shape[2]
    return _steps(study) * (pixels + 1) // 2 * _searched(study) // len(network_names(study))


def _pixels_per_step(study: Study) -> int:
    scale = study.scale
    return scale.informative_pixels_per_step if scale.informative_search == "gradient" else PIXELS_PER_STEP


def _steps(study: Study) -> int:
    return -(-study.image_shape[1] * study.image_shape[2] // _pixels_per_step(study))
