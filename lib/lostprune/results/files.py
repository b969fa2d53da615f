"""The netCDF files of results, one for each part of a chain: written whole, and checked on every read."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

import xarray as xr

from ..foundations import netcdf, verified
from ..foundations.store import published_folders
from ..measurement.part import CHAIN, SchemaError
from ..prune_retrain.cells import Chain, chains_of, name_of_chain
from ..study import Study
from .chains import join
from .schema import validate

log = logging.getLogger("lostprune")
OUTCOMES = {"wrong", "pixels"}  # of every image, of which a dataset has one at most


def path_of(key: str, part: str, chain: Chain, folder: Path) -> Path:
    """Where a part of a chain's results lies."""
    return folder / "results" / key / part / f"{name_of_chain(chain)}.nc"


def write(key: str, part: str, chain: Chain, dataset: xr.Dataset, folder: Path) -> None:
    """Write a part of a chain's results, whole or not at all. Raises SchemaError, OSError."""
    validate(part, dataset)
    # A checksum beside every chunk: a flipped bit inside a number breaks no schema.
    numbers = [name for name, values in dataset.variables.items() if values.ndim and values.dtype.kind in "bif"]
    stored, encoding = dataset, {name: {"fletcher32": True} for name in numbers}
    if outcomes := [name for name in OUTCOMES if name in dataset]:
        # Networks of one chain are wrong on the same images: beside each other on disk, they take a third of the room.
        stored = dataset.transpose("distribution", "image", *CHAIN, ...)
        chunk = (1, *stored[outcomes[0]].shape[1:])
        encoding[outcomes[0]] |= {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": chunk}
    netcdf.write(path_of(key, part, chain, folder), stored, encoding=encoding)


def read(key: str, part: str, chain: Chain, folder: Path) -> xr.Dataset | None:
    """A part of a chain's results from the store, else from the folders that ``LOSTPRUNE_RESULTS`` lists.

    ``None`` where there is none; a file that cannot be read or breaks the schema is named in the log and passed over,
    so that it is computed again and replaced.
    """
    own = path_of(key, part, chain, folder)
    for path in [own] + [place / key / part / own.name for place in published_folders()]:
        if (found := _usable(path, key, part)) is not None:
            return found
    return None


def _usable(path: Path, key: str, part: str) -> xr.Dataset | None:
    if not path.exists():
        return None
    try:
        return read_file(path, key, part)
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # what netCDF4 raises
        log.warning("results %s cannot be used (%s); they are computed again", path, error)
        return None


def read_file(path: Path, key: str, part: str) -> xr.Dataset:
    """What :func:`write` wrote. Raises OSError, ValueError, RuntimeError, KeyError, AttributeError if it cannot be."""
    return _read_unchanged(verified.state_of(path), path, key, part).copy(deep=True)


@functools.lru_cache(maxsize=64)  # a study looks for what is missing, then reads it; results of a chain take a megabyte
def _read_unchanged(state: tuple, path: Path, key: str, part: str) -> xr.Dataset:
    with netcdf.ONE_AT_A_TIME, xr.open_dataset(path, engine="netcdf4") as opened:
        dataset = opened.load()
    validate(part, dataset)
    if dataset.attrs["study_key"] != key:
        raise SchemaError(f"{part}: got results of {dataset.attrs['study_key']}, expected {key}")
    if OUTCOMES & set(dataset):
        dataset = dataset.transpose(*CHAIN, "distribution", "image", ...)
    return dataset


def attributes_of(path: Path) -> dict:
    """The attributes of a file of results, unchecked. Raises OSError, ValueError, RuntimeError if it cannot be read."""
    with netcdf.ONE_AT_A_TIME, xr.open_dataset(path, engine="netcdf4") as opened:
        return dict(opened.attrs)


def missing(study: Study, parts: tuple[str, ...], folder: Path) -> dict[Chain, tuple[str, ...]]:
    """The missing parts of every incomplete chain."""
    key = study.key
    left = {
        chain: tuple(part for part in parts if read(key, part, chain, folder) is None) for chain in chains_of(study)
    }
    return {chain: lacking for chain, lacking in left.items() if lacking}


def read_study(study: Study, part: str, folder: Path) -> xr.Dataset | None:
    """A part of a study's results, joined from its chains; ``None`` where a chain is missing.

    Raises:
        ChainsDiffer: they do not belong together.
    """
    key, chains = study.key, chains_of(study)
    # Those of one folder belong together; those of several may start from different parents.
    for place in (folder / "results", *published_folders()):
        paths = [place / key / part / f"{name_of_chain(chain)}.nc" for chain in chains]
        if all(path.exists() for path in paths):
            found = [_usable(path, key, part) for path in paths]
            if all(dataset is not None for dataset in found):
                return join(found)
    found = [read(key, part, chain, folder) for chain in chains]
    return None if any(dataset is None for dataset in found) else join(found)
