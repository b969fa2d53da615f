"""The netCDF files of results: written whole, and checked on every read."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import xarray as xr

from ..foundations.store import write_whole
from .schema import CHAIN, PARTS, SchemaError, validate

log = logging.getLogger("lostprune")


def path_of(key: str, part: str, folder: Path) -> Path:
    """Where a part of a study's results lies."""
    return folder / "results" / key / f"{part}.nc"


def write(key: str, part: str, dataset: xr.Dataset, folder: Path) -> None:
    """Write one part, whole or not at all. Raises SchemaError, OSError."""
    validate(part, dataset)
    # A checksum beside every chunk: a flipped bit inside a number breaks no schema.
    numbers = [name for name, values in dataset.variables.items() if values.ndim and values.dtype.kind in "bif"]
    stored, encoding = dataset, {name: {"fletcher32": True} for name in numbers}
    if "wrong" in dataset:
        # Networks of one chain are wrong on the same images: beside each other on disk, they take a third of the room.
        stored = dataset.transpose("distribution", "image", *CHAIN)
        chunk = (1, *stored["wrong"].shape[1:])
        encoding["wrong"] |= {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": chunk}
    write_whole(path_of(key, part, folder), lambda file: stored.to_netcdf(file, engine="netcdf4", encoding=encoding))


def read(key: str, part: str, folder: Path) -> xr.Dataset | None:
    """One part from the store, else from the folders of published results that ``LOSTPRUNE_RESULTS`` lists.

    ``None`` where there is none; a file that cannot be read or breaks the schema is named in the log and passed over,
    so that it is computed again and replaced.
    """
    published = [Path(place) for place in os.environ.get("LOSTPRUNE_RESULTS", "").split(os.pathsep) if place]
    for path in [path_of(key, part, folder)] + [place / key / f"{part}.nc" for place in published]:
        if not path.exists():
            continue
        try:
            with xr.open_dataset(path, engine="netcdf4") as opened:
                dataset = validate(part, opened.load())
            if "wrong" in dataset:
                dataset = dataset.transpose(*PARTS[part].variables["wrong"])
            if dataset.attrs["study_key"] != key:
                raise SchemaError(f"{part}: got results of {dataset.attrs['study_key']}, expected {key}")
            return dataset
        except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # what netCDF4 raises
            log.warning("results %s cannot be used (%s); they are computed again", path, error)
    return None
