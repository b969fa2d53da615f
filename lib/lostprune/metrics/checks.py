"""What all metrics ask of their arrays; each raises ValueError and says what was got and what was expected."""

from __future__ import annotations

import xarray as xr


def check_dimensions(needed: tuple[str, ...], **arrays: xr.DataArray) -> None:
    for name, array in arrays.items():
        missing = [dimension for dimension in needed if dimension not in array.dims]
        if missing:
            raise ValueError(f"{name}: got dimensions {array.dims}, expected {missing[0]!r} among them")


def check_parent(name: str, array: xr.DataArray) -> None:
    """That cycle 0, the unpruned parent, is there."""
    if "cycle" not in array.coords or 0 not in array["cycle"]:
        got = array["cycle"].values.tolist() if "cycle" in array.coords else "no coordinate"
        raise ValueError(f"{name}: got cycles {got}, expected 0, the unpruned parent, among them")


def check_fractions(name: str, array: xr.DataArray) -> None:
    bad = int((~((array >= 0) & (array <= 1))).sum())
    if bad:
        raise ValueError(f"{name}: {bad} of {array.size} values are NaN or outside [0, 1]; fractions are expected")


def check_delta(delta: float) -> None:
    if not 0 <= delta <= 1:
        raise ValueError(f"delta: got {delta!r}, expected a fraction in [0, 1], such as 0.005 for half a percent")


def check_same_labels(**arrays: xr.DataArray) -> None:
    """That what the arrays share, they share whole: xarray would quietly drop what only one of them has."""
    (first, one), *others = arrays.items()
    for second, other in others:
        for dimension in set(one.dims) & set(other.dims) & set(one.coords) & set(other.coords):
            labels, known = (set(array[dimension].values.tolist()) for array in (one, other))
            for missing, where in ((labels - known, second), (known - labels, first)):
                if missing:
                    names = ", ".join(map(str, sorted(missing)))
                    raise ValueError(
                        f"{dimension}: {names} is missing from {where}; expected the same in {first} and {second}, "
                        "which come from one study: run it again, or .sel(...) what both have"
                    )


def groups(array: xr.DataArray) -> tuple[list[str], list[str]]:
    """The names of the train and of the test distributions, by the coordinate ``group`` along ``distribution``.

    Raises:
        ValueError: a coordinate is missing, or a group is neither ``"train"`` nor ``"test"``.
    """
    if "distribution" not in array.coords or array.coords.get("group", xr.DataArray()).dims != ("distribution",):
        raise ValueError(
            f"got the coordinates {sorted(map(str, array.coords))}, expected 'distribution' and, along it, 'group', as "
            "part shift has them: 'train' for what the networks were trained on, 'test' for all else; "
            ".assign_coords(group=('distribution', [...])) adds it"
        )
    by_group: dict[str, list[str]] = {"train": [], "test": []}
    for name, group in zip(array["distribution"].values.tolist(), array["group"].values.tolist(), strict=True):
        if group not in by_group:
            raise ValueError(f"group of {name!r}: got {group!r}, expected 'train' or 'test'")
        by_group[group].append(name)
    return by_group["train"], by_group["test"]


def both_groups(array: xr.DataArray) -> tuple[list[str], list[str]]:
    """:func:`groups`, each of at least one distribution; raises ValueError where there is none of a group."""
    train, test = groups(array)
    if not train or not test:
        raise ValueError(f"group: got {train} for train, {test} for test, expected at least one distribution in each")
    return train, test
