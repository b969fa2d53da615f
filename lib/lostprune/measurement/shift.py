"""Part ``shift``: the error on every test distribution, and which images it comes from."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr

from .. import corruptions, data
from ..study import Study
from . import test_sets
from .counting import count
from .part import CHAIN, Part, SchemaError
from .resumable import Measurement, Values

log = logging.getLogger("lostprune")


class Shift(Part):
    """Which images are misclassified, on every distribution that is available.

    The coordinate ``group`` of ``distribution`` says which of them the networks were trained on.
    """

    name = "shift"
    variables = {
        "error": CHAIN + ("distribution",),
        "wrong": CHAIN + ("distribution", "image"),
        "images": ("distribution",),
        "source": ("distribution",),
    }
    fractions = ("error",)

    @classmethod
    def images(cls, study: Study) -> int:
        return test_sets.size(study) * len(test_sets.distributions(study))

    def measurements(self) -> list[Measurement]:
        self.sources, found = {}, []
        for name in test_sets.distributions(self.study):
            try:
                self.sources[name] = test_sets.source(self.study, name)
                found.append(count(self.networks, name))
            except data.DataUnavailable as reason:
                if name in corruptions.NAMES or name == self.study.dataset:
                    raise  # it could be generated: a damaged archive must not look like a missing one
                log.warning("%s is left out: %s", name, reason)
                # Results are read on other machines, so what stays in them does not repeat what is wrong with this one.
                _, known_as = test_sets.NEW_TEST_SET[self.study.dataset]
                self.left_out[name] = f"not available; `lostprune data {known_as}` fetches it, or says how to get it."
        return found

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        task = self.study.task
        counts = [one["counts"] for one in values.values()]
        images = [each.shape[1] for each in counts]
        wrong = np.zeros((len(self.networks), len(counts), max(images)), bool)
        for position, each in enumerate(counts):
            wrong[:, position, : images[position]] = each[..., 0] > 0
        error = np.array([[task.error(one[i]) for one in counts] for i in range(len(self.networks))])
        names = {"distribution": list(self.sources)}
        group = ["train" if name in self.study.train_distributions else "test" for name in self.sources]
        return xr.Dataset(
            {
                "error": self.networks.labelled(error, **names),
                "wrong": self.networks.labelled(wrong, **names, image=np.arange(max(images))),
                "images": xr.DataArray(images, names),
                "source": xr.DataArray(list(self.sources.values()), names),
            },
            {"group": ("distribution", group)},
        )

    @classmethod
    def check(cls, dataset: xr.Dataset) -> None:
        """That the nominal data are there, and that the errors are those of the images."""
        nominal, known = dataset.attrs["dataset"], dataset["distribution"].values.tolist()
        if nominal not in known:
            raise SchemaError(f"shift: got the distributions {known}, expected the nominal one, {nominal!r}, too")
        groups = set(np.atleast_1d(dataset.coords["group"].values).tolist()) if "group" in dataset.coords else None
        if groups is None or not groups <= {"train", "test"} or "train" not in groups:
            raise SchemaError(f"shift.group: got {groups}, expected 'train' or 'test' for every distribution")
        wrong, images = dataset["wrong"], dataset["images"]
        if wrong.dtype != bool:
            raise SchemaError(f"shift.wrong: got {wrong.dtype}, expected bool")
        if bool((images < 1).any() | (images > wrong.sizes["image"]).any()):
            raise SchemaError(f"shift.images: got {images.values.tolist()}, expected 1 to {wrong.sizes['image']}")
        apart = abs(wrong.sum("image") / images - dataset["error"].fillna(0.0)).max("cycle")
        for name in known:
            one = wrong.sel(distribution=name).isel(image=slice(int(images.sel(distribution=name)), None))
            if bool(one.any()) or bool((apart.sel(distribution=name) > 1e-9).any()):
                count = int(images.sel(distribution=name))
                raise SchemaError(f"shift: on {name!r} the share of the {count} images that are wrong is not the error")
