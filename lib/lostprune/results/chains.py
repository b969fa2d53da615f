"""Chains joined: the dataset of a study is those of its chains, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence

import xarray as xr

from .schema import validate

SAME = ("schema", "part", "study_key", "network", "dataset", "training", "scale", "seed", "test_images", "test_sha256")
SUMMED = ("wall_seconds", "training_seconds")
LISTED = ("lostprune_version", "torch_version", "python_version", "device", "training_device")


class ChainsDiffer(ValueError):
    """Chains that do not belong together: their parents or their test images are not the same."""


def join(chains: Sequence[xr.Dataset]) -> xr.Dataset:
    """One dataset of the chains of a study, each with one pruner and one repetition.

    Pruners and repetitions keep the order in which they first come. Only distributions that all chains have are kept.

    Raises:
        ChainsDiffer: chains of one repetition start from different parents, or some saw other test images.
        ValueError: no chain, or one is missing: every pruner must be there for every repetition.
    """
    if not chains:
        raise ValueError("chains: got none, expected at least one")
    _check_alike(chains)
    by_pruner: dict[str, dict[int, xr.Dataset]] = {}
    for chain in chains:
        by_pruner.setdefault(chain["pruner"].item(), {})[chain["repetition"].item()] = chain
    repetitions = list(dict.fromkeys(repetition for own in by_pruner.values() for repetition in own))
    for pruner, own in by_pruner.items():
        missing = [repetition for repetition in repetitions if repetition not in own]
        if missing:
            raise ValueError(
                f"chains: {pruner} of repetition {missing[0]} is missing, expected every pruner in every one"
            )
    common = _distributions(chains)
    _check_sources(chains, common)
    columns = [
        _side_by_side([_only(own[repetition], common) for repetition in repetitions], "repetition")
        for own in by_pruner.values()
    ]
    joined = _side_by_side(columns, "pruner")
    return validate(chains[0].attrs["part"], joined.assign_attrs(_attributes(chains)))


def _side_by_side(datasets: list[xr.Dataset], dimension: str) -> xr.Dataset:
    """Variables without the dimension, such as the images of a distribution, are those of the first."""
    return xr.concat(
        datasets,
        dim=dimension,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="outer",
        combine_attrs="override",
    )


def _distributions(chains: Sequence[xr.Dataset]) -> list[str] | None:
    if "distribution" not in chains[0].coords:
        return None
    every = [set(chain["distribution"].values.tolist()) for chain in chains]
    return [name for name in chains[0]["distribution"].values.tolist() if all(name in own for own in every)]


def _only(chain: xr.Dataset, distributions: list[str] | None) -> xr.Dataset:
    return chain if distributions is None else chain.sel(distribution=distributions)


def _check_alike(chains: Sequence[xr.Dataset]) -> None:
    parents: dict[int, xr.Dataset] = {}
    for chain in chains:
        first = parents.setdefault(chain["repetition"].item(), chain)
        if chain.attrs["parent_sha256"] != first.attrs["parent_sha256"]:
            raise ChainsDiffer(
                f"{_name(first)} and {_name(chain)} of {chain.attrs['study_key']}: got parents "
                f"{first.attrs['parent_sha256'][:12]}… and {chain.attrs['parent_sha256'][:12]}…, expected one parent "
                "for all chains of a repetition; remove the results of one of them, and run it again beside the other"
            )
        for name in SAME:
            if chain.attrs[name] != chains[0].attrs[name]:
                raise ChainsDiffer(
                    f"{_name(chains[0])} and {_name(chain)}: got {name} {chains[0].attrs[name]} and "
                    f"{chain.attrs[name]}, expected the same; remove the results of one of them, and run it again"
                )


def _check_sources(chains: Sequence[xr.Dataset], distributions: list[str] | None) -> None:
    """Corruptions that were generated and those that were published, for example, are other images."""
    for name in distributions or () if "source" in chains[0] else ():
        first, *others = (chain["source"].sel(distribution=name).item() for chain in chains)
        for chain, source in zip(chains[1:], others, strict=True):
            if source != first:
                raise ChainsDiffer(
                    f"{_name(chains[0])} and {_name(chain)}: got images of {name} that are {first} and {source}, "
                    "expected the same; remove the results of one of them, and run it again"
                )


def _name(chain: xr.Dataset) -> str:
    return f"{chain['pruner'].item()}-r{chain['repetition'].item()}"


def _attributes(chains: Sequence[xr.Dataset]) -> dict:
    every = [chain.attrs for chain in chains]
    parents = {str(chain["repetition"].item()): chain.attrs for chain in chains}
    merged = {name: every[0][name] for name in SAME}
    merged |= {name: sum(one[name] for one in every) for name in SUMMED}
    for name in LISTED:  # a chain may list several itself: a parent of one device, its pruned networks of another
        merged[name] = "; ".join(dict.fromkeys(value for one in every for value in one[name].split("; ")))
    for name in ("unreachable", "left_out"):
        merged[name] = json.dumps({key: value for one in every for key, value in json.loads(one[name]).items()})
    merged["parent_seconds"] = sum(one["parent_seconds"] for one in parents.values())
    merged["parent_sha256"] = json.dumps({repetition: one["parent_sha256"] for repetition, one in parents.items()})
    merged["date"] = max(one["date"] for one in every)
    return merged
