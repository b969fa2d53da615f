"""What may stand beside results that are there: only what was measured on the same images and networks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from .. import data
from ..measurement import test_sets
from ..prune_retrain import Checkpoints
from ..prune_retrain.cells import chains_of, name_of_chain
from ..study import Study
from .chains import ChainsDiffer
from .files import read


def check_images(study: Study, parts: Iterable[str], folder: Path) -> None:
    """Before anything is trained beside results that are there: raise ChainsDiffer if those are of other test images.

    Nothing but the images themselves says which of a set's files lie in the data folder.
    """
    for chain in chains_of(study):
        for part in parts:
            found = read(study.key, part, chain, folder)
            if found is not None and found.attrs["test_sha256"] != test_sets.digest(study):
                raise ChainsDiffer(
                    f"{part} of {name_of_chain(chain)}: got results of other test images than {study.dataset} has in "
                    f"{data.locate()}, expected the same; set LOSTPRUNE_DATA to the folder of before, or "
                    "LOSTPRUNE_STORE and LOSTPRUNE_RESULTS to others"
                )


def check_parents(tree: xr.DataTree) -> None:
    """Raise ChainsDiffer if the parts of a study were measured on different networks."""
    parents = {name: json.loads(part.attrs["parent_sha256"]) for name, part in tree.children.items()}
    (first, known), *others = parents.items()
    for name, further in others:
        for repetition, sha256 in further.items():
            if "not recorded" not in (sha256, known.get(repetition)) and known.get(repetition) != sha256:
                raise ChainsDiffer(
                    f"{first} and {name} of {tree.name}: got parents {str(known.get(repetition))[:12]}… and "
                    f"{sha256[:12]}… in repetition {repetition}, expected one parent for all parts; remove the results "
                    "of one of them, and run it again beside the other"
                )


def check_networks(checkpoints: Checkpoints, parts: Iterable[str]) -> None:
    """Before chains are trained: raise ChainsDiffer for results of another parent, which no join would take."""
    study = checkpoints.study
    for chain in chains_of(study):
        parent = ("parent", chain[1], 0)
        ours = checkpoints.facts(parent)["sha256"] if checkpoints.is_done(parent) else None
        for part in parts:
            found = read(study.key, part, chain, checkpoints.folder)
            theirs = None if found is None else found.attrs["parent_sha256"]
            if None not in (ours, theirs) and theirs not in ("not recorded", ours):
                raise ChainsDiffer(
                    f"{part} of {name_of_chain(chain)}: got results of the parent {theirs[:12]}…, but the store has "
                    f"{ours[:12]}…, expected the same; remove one of them, or unset LOSTPRUNE_RESULTS if the results "
                    "were published"
                )
