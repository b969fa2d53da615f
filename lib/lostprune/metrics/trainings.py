"""Kinds of training compared: what robust training gives back of the potential that is lost under shift."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from .checks import check_fractions, groups

NOTHING = 0.0005  # a loss that tables would print as 0.0% is none


def unseen(arrays: Iterable[xr.DataArray | xr.Dataset]) -> list[str]:
    """The distributions that all arrays have and that none of the networks were trained on.

    Args:
        arrays: with ``distribution`` and its coordinate ``group``, such as the parts ``shift`` of studies that differ
            in their training.

    Raises:
        ValueError: there is no such distribution, or an array does not say its groups.
    """
    first, *others = (groups(array)[1] for array in arrays)
    common = [name for name in first if all(name in test for test in others)]
    if not common:
        raise ValueError("distribution: got none that all have in the group 'test', expected at least one")
    return common


def regained(nominal: xr.DataArray, robust: xr.DataArray) -> xr.Dataset:
    """How much of the prune potential that nominal training loses under shift robust training gives back.

    Not in the paper, which leaves the comparison of its Sections 5 and 6 to the reader. What is lost is the potential
    on nominal data minus the average over corruptions, both after nominal training; what is given back is by how much
    that average is higher after robust training. Potentials are means over repetitions: the two trainings have parents
    of their own.

    Args:
        nominal, robust: prune potential (``pruner``, ``repetition``, ``distribution``) with the coordinate ``group``,
            after nominal and after another training of the same network.

    Returns:
        Over ``pruner`` and ``corruptions``, those that the other training has ``"seen"`` and the ``"unseen"`` ones, as
        far as there are any: ``before`` and ``after``, the average potentials, ``lost``, and ``share``, the part of
        ``lost`` that is given back: above 1 where ``after`` exceeds the potential on nominal data, negative where the
        other training makes it worse, NaN where nothing was lost.

    Raises:
        ValueError: a potential is NaN or no fraction, does not say its groups, or the two have no method or no test
            distribution in common.
    """
    (trained, shifted), (seen, _) = groups(nominal), groups(robust)
    check_fractions("nominal", nominal)
    check_fractions("robust", robust)
    common = [name for name in shifted if name in robust.distribution]
    sets = {"seen": [name for name in common if name in seen], "unseen": [name for name in common if name not in seen]}
    sets = {name: members for name, members in sets.items() if members}
    methods = [method for method in nominal.pruner.values.tolist() if method in robust.pruner]
    if not sets or not methods or not trained:
        raise ValueError("nominal and robust: got no method or no distribution in common, expected one study's network")
    nominal, robust = (one.sel(pruner=methods).mean("repetition") for one in (nominal, robust))
    corruptions = xr.Variable("corruptions", list(sets))
    before, after = (
        xr.concat([one.sel(distribution=members).mean("distribution") for members in sets.values()], corruptions)
        for one in (nominal, robust)
    )
    lost = nominal.sel(distribution=trained).mean("distribution") - before
    share = ((after - before) / lost).where(lost > NOTHING)
    return xr.Dataset({"before": before, "after": after, "lost": lost, "share": share}).transpose("pruner", ...)
