"""The result schema: what every dataset of results must be."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from ..measurement.part import CHAIN, SchemaError
from ..measurement.registry import PARTS

SCHEMA = 3
ATTRIBUTES = {
    "schema", "part", "study_key", "network", "dataset", "training", "scale", "seed",
    "lostprune_version", "torch_version", "python_version", "device", "date", "wall_seconds",
    "training_device", "training_seconds", "parent_seconds", "parent_sha256", "test_images", "test_sha256",
    "unreachable", "left_out",
}  # fmt: skip


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
    _check_gaps(part, dataset)
    schema.check(dataset)
    return dataset


def _check_gaps(part: str, dataset: xr.Dataset) -> None:
    """That values are missing only where a cycle was not reached, and the attributes say so."""
    schema = PARTS[part].variables
    measured = [name for name, dims in schema.items() if set(CHAIN) <= set(dims) and dataset[name].dtype.kind == "f"]
    if not measured:
        return
    gaps = [dataset[name].isnull() for name in measured]
    empty = gaps[0].all([dim for dim in gaps[0].dims if dim not in CHAIN])
    if any(bool((gap != empty).any()) for gap in gaps) or bool(empty.sel(cycle=0).any()):
        raise SchemaError(f"{part}: some values are NaN; every value of a cycle that was reached must be a number")
    if bool(empty.any()) != bool(json.loads(dataset.attrs["unreachable"])):
        raise SchemaError(f"{part}: NaN cycles and the attribute 'unreachable' do not agree")


def outcomes(shift: xr.Dataset) -> xr.DataArray:
    """``wrong`` or ``pixels`` of part ``shift``, as statistics over images need it.

    Returns:
        As it is where all distributions have equally many images; else float32, NaN where one has no more.
    """
    counts, kept = shift["images"], shift["wrong" if "wrong" in shift else "pixels"]
    if int(counts.min()) == shift.sizes["image"]:
        return kept
    return kept.astype("float32").where(xr.DataArray(np.arange(shift.sizes["image"]), dims="image") < counts)
