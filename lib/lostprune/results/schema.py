"""The result schema, and its netCDF files: checked on every write and every read."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

import numpy as np
import xarray as xr

log = logging.getLogger("lostprune")

SCHEMA = 2
CHAIN = ("pruner", "repetition", "cycle")
ATTRIBUTES = {
    "schema", "part", "study_key", "network", "dataset", "training", "scale", "seed",
    "lostprune_version", "torch_version", "python_version", "device", "date", "wall_seconds",
    "training_device", "training_seconds", "unreachable", "left_out",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One group of the DataTree: variables with their dimensions, required and optional ones."""

    variables: dict[str, tuple[str, ...]]
    optional: dict[str, tuple[str, ...]]
    fractions: tuple[str, ...]


_NOISE = CHAIN + ("noise_level",)
PARTS = {
    "curves": Part(
        {"prune_ratio": CHAIN, "flop_reduction": CHAIN, "test_error": CHAIN, "test_loss": CHAIN},
        {"shrunk_parameters": CHAIN, "shrunk_multiply_adds": CHAIN, "top5_error": CHAIN, "iou_error": CHAIN},
        ("prune_ratio", "flop_reduction", "test_error"),
    ),
    "shift": Part(
        {
            "error": CHAIN + ("distribution",),
            "wrong": CHAIN + ("distribution", "image"),
            "images": ("distribution",),
            "source": ("distribution",),
        },
        {},
        ("error",),
    ),
    "severities": Part(
        {"error": CHAIN + ("distribution", "severity"), "source": ("distribution",)},
        {},
        ("error",),
    ),
    "noise": Part(
        {"error": _NOISE, "matching_predictions": _NOISE, "softmax_distance": _NOISE},
        {
            f"separate_{name}": ("repetition", "noise_level")
            for name in ("error", "matching_predictions", "softmax_distance")
        },
        ("error", "matching_predictions"),
    ),
}


class SchemaError(ValueError):
    """A dataset is not what the schema says."""


def validate(part: str, dataset: xr.Dataset) -> xr.Dataset:
    """Return ``dataset`` if it follows the schema of ``part``.

    Raises:
        SchemaError: names what was got and what was expected. NaN is allowed only in the cells of cycles that
            could not be reached, and there in every variable.
    """
    if part not in PARTS:
        raise SchemaError(f"part: got {part!r}, expected one of {', '.join(PARTS)}")
    if dataset.attrs.get("schema") != SCHEMA:
        raise SchemaError(
            f"{part}: got schema version {dataset.attrs.get('schema')}, expected {SCHEMA}; "
            "these results were written by another version of lostprune: run the study again to replace them"
        )
    missing = ATTRIBUTES - set(dataset.attrs)
    if missing:
        raise SchemaError(f"{part}: attributes {sorted(missing)} are missing")
    schema = PARTS[part]
    known = schema.variables | schema.optional
    wrong = set(schema.variables) - set(dataset.data_vars) | set(dataset.data_vars) - set(known)
    if wrong:
        raise SchemaError(f"{part}: variables missing or unknown: {sorted(wrong)}; expected {sorted(schema.variables)}")
    for name, variable in dataset.data_vars.items():
        if set(variable.dims) != set(known[name]):
            raise SchemaError(f"{part}.{name}: got dimensions {variable.dims}, expected {known[name]}")
        for dimension in variable.dims:
            if dimension not in dataset.coords:
                raise SchemaError(f"{part}.{name}: dimension {dimension!r} has no coordinate")
        outside = variable.where((variable < 0) | (variable > 1)).count() if name in schema.fractions else 0
        if outside:
            raise SchemaError(f"{part}.{name}: {int(outside)} values lie outside [0, 1]; fractions are expected")
    measured = [name for name, dims in schema.variables.items() if set(CHAIN) <= set(dims) and name != "wrong"]
    gaps = [dataset[name].isnull() for name in measured]
    empty = gaps[0].all([dim for dim in gaps[0].dims if dim not in CHAIN])
    if any(bool((gap != empty).any()) for gap in gaps) or bool(empty.sel(cycle=0).any()):
        raise SchemaError(f"{part}: some values are NaN; every value of a cycle that was reached must be a number")
    if bool(empty.any()) != bool(json.loads(dataset.attrs["unreachable"])):
        raise SchemaError(f"{part}: NaN cycles and the attribute 'unreachable' do not agree")
    if part == "shift":
        _check_shift(dataset)
    return dataset


def _check_shift(dataset: xr.Dataset) -> None:
    """That the nominal data are there, and that the errors are those of the images."""
    nominal, known = dataset.attrs["dataset"], dataset["distribution"].values.tolist()
    if nominal not in known:
        raise SchemaError(f"shift: got the distributions {known}, expected the nominal one, {nominal!r}, among them")
    wrong, images = dataset["wrong"], dataset["images"]
    if wrong.dtype != bool:
        raise SchemaError(f"shift.wrong: got {wrong.dtype}, expected bool")
    if bool((images < 1).any() | (images > wrong.sizes["image"]).any()):
        raise SchemaError(f"shift.images: got {images.values.tolist()}, expected 1 to {wrong.sizes['image']}")
    apart = abs(wrong.sum("image") / images - dataset["error"].fillna(0.0)).max("cycle")
    for name in known:
        one = wrong.sel(distribution=name).isel(image=slice(int(images.sel(distribution=name)), None))
        if bool(one.any()) or bool((apart.sel(distribution=name) > 1e-9).any()):
            raise SchemaError(
                f"shift: on {name!r} the share of the {int(images.sel(distribution=name))} images that are wrong is "
                "not the error"
            )


def outcomes(shift: xr.Dataset) -> xr.DataArray:
    """``wrong`` of part ``shift`` as statistics over images need it: NaN where a distribution has no more images.

    Returns:
        bool as it is where all distributions have equally many images; else float32 of 0, 1 and NaN.
    """
    counts = shift["images"]
    if int(counts.min()) == shift.sizes["image"]:
        return shift["wrong"]
    return shift["wrong"].astype("float32").where(xr.DataArray(np.arange(shift.sizes["image"]), dims="image") < counts)
