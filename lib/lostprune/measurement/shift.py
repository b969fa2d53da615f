"""Part ``shift``: the error on every test distribution, and which images it comes from."""

from __future__ import annotations

import logging

import numpy as np
import torch
import xarray as xr

from .. import corruptions, data
from ..study import Study
from ..tasks import PIXELS, Segmentation, iou_error
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
        "images": ("distribution",),
        "source": ("distribution",),
    }
    # Per image what the task counts: whether it is misclassified, or pixels of each class.
    optional = {
        "wrong": CHAIN + ("distribution", "image"),
        "pixels": CHAIN + ("distribution", "image", "class", "quantity"),
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
        error = np.array([[task.error(one[i]) for one in counts] for i in range(len(self.networks))])
        names = {"distribution": list(self.sources)}
        group = ["train" if name in self.study.train_distributions else "test" for name in self.sources]
        return xr.Dataset(
            {
                "error": self.networks.labelled(error, **names),
                **self._per_image(counts, names),
                "images": xr.DataArray([each.shape[1] for each in counts], names),
                "source": xr.DataArray(list(self.sources.values()), names),
            },
            {"group": ("distribution", group)},
        )

    def _per_image(self, counts: list[torch.Tensor], names: dict[str, list[str]]) -> dict[str, xr.DataArray]:
        """``wrong`` or ``pixels``; 0 where a distribution has fewer images than others."""
        task, images = self.study.task, max(each.shape[1] for each in counts)
        name, dtype, further = "wrong", bool, {}
        if isinstance(task, Segmentation):
            name, dtype, further = "pixels", np.int32, {"class": list(self.study.classes), "quantity": list(PIXELS)}
            counts = [task.pixels(each) for each in counts]
        else:
            counts = [each[..., 0] for each in counts]
        values = np.zeros((len(self.networks), len(counts), images, *counts[0].shape[2:]), dtype)
        for position, each in enumerate(counts):
            values[:, position, : each.shape[1]] = each
        return {name: self.networks.labelled(values, **names, image=np.arange(images), **further)}

    @classmethod
    def check(cls, dataset: xr.Dataset) -> None:
        """That the nominal data are there, and that the errors are those of the images."""
        nominal, known = dataset.attrs["dataset"], dataset["distribution"].values.tolist()
        if nominal not in known:
            raise SchemaError(f"shift: got the distributions {known}, expected the nominal one, {nominal!r}, too")
        groups = set(np.atleast_1d(dataset.coords["group"].values).tolist()) if "group" in dataset.coords else None
        if groups is None or not groups <= {"train", "test"} or "train" not in groups:
            raise SchemaError(f"shift.group: got {groups}, expected 'train' or 'test' for every distribution")
        kept = [name for name in cls.optional if name in dataset]
        if len(kept) != 1:
            raise SchemaError(f"shift: got {kept} for each image, expected one of {', '.join(cls.optional)}")
        outcomes, images = dataset[kept[0]], dataset["images"]
        if kept == ["wrong"] and outcomes.dtype != bool:
            raise SchemaError(f"shift.wrong: got {outcomes.dtype}, expected bool")
        if bool((images < 1).any() | (images > outcomes.sizes["image"]).any()):
            raise SchemaError(f"shift.images: got {images.values.tolist()}, expected 1 to {outcomes.sizes['image']}")
        if kept == ["wrong"]:
            errors = outcomes.sum("image") / images
        else:
            errors = xr.apply_ufunc(iou_error, outcomes.sum("image"), input_core_dims=[["class", "quantity"]])
        apart = abs(errors - dataset["error"]).fillna(0.0).max("cycle")
        for name in known:
            count = int(images.sel(distribution=name))
            beyond = outcomes.sel(distribution=name).isel(image=slice(count, None))
            if bool((beyond > 0).any()) or bool((apart.sel(distribution=name) > 1e-9).any()):
                what = "share of the {} images that are wrong" if kept == ["wrong"] else "IoU error of the {} images"
                raise SchemaError(f"shift: on {name!r} the {what.format(count)} is not the error")
