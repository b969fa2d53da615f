"""What a study trains: chains of networks, each network a cell."""

from __future__ import annotations

from .. import pruning
from ..study import Study

Chain = tuple[str, int]  # a method, "parent" or "separate", and a repetition
Cell = tuple[str, int, int]  # the same, and a cycle; cycle 0 is an unpruned network
# Each repetition's unpruned networks: the one that its chains start from, and one of another initialisation to compare
# with (Section 4). Each is a chain of one cell.
UNPRUNED = ("parent", "separate")


def chains_of(study: Study) -> list[Chain]:
    """The pruned chains, repetition after repetition, so that early results are complete in themselves."""
    return [(method, repetition) for repetition in range(study.repetitions) for method in study.methods]


def cells_of(study: Study, chain: Chain) -> list[Cell]:
    """The networks of a chain, in the order in which they come about."""
    cycles = [0] if chain[0] in UNPRUNED else range(1, len(study.ladder) + 1)
    return [(*chain, cycle) for cycle in cycles]


def cell_before(cell: Cell) -> Cell | None:
    """The network that a cell starts from; ``None`` for an unpruned one."""
    method, repetition, cycle = cell
    if cycle == 0:
        return None
    return ("parent", repetition, 0) if cycle == 1 else (method, repetition, cycle - 1)


def name_of_chain(chain: Chain) -> str:
    """Such as ``WT-r0``, or ``Taylor+1f2e3d4c-r0``.

    The name of a registered method is followed by its fingerprint: once its code changes, its chains are others.
    """
    method, repetition = chain
    digest = None if method in UNPRUNED else pruning.fingerprint(method)
    return f"{method}+{digest}-r{repetition}" if digest else f"{method}-r{repetition}"


def name_of(cell: Cell) -> str:
    """Such as ``WT-r0-c01`` or ``parent-r0``."""
    *chain, cycle = cell
    return name_of_chain(chain) + (f"-c{cycle:02d}" if cycle else "")
