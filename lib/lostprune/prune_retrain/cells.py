"""The cells of a study: which networks there are, where each one lies, and which are still to be trained."""

from __future__ import annotations

from pathlib import Path

from ..foundations import store
from ..study import Study

Chain = tuple[str, int]  # method or "parent", repetition
Cell = tuple[str, int, int]  # method, repetition, cycle; cycle 0 is the unpruned parent, whatever the method


def cells(study: Study) -> list[Cell]:
    """What has to be trained, parents first: ``("parent", repetition, 0)`` and ``(method, repetition, cycle)``."""
    repetitions, cycles = range(study.repetitions), range(1, len(study.ladder) + 1)
    return [("parent", repetition, 0) for repetition in repetitions] + [
        (method, repetition, cycle) for repetition in repetitions for method in study.methods for cycle in cycles
    ]


def path_of(study: Study, cell: Cell, folder: Path) -> Path:
    """Where a cell's checkpoint lies (without suffix)."""
    method, repetition, cycle = cell
    name = f"{method}-r{repetition}-c{cycle:02d}" if cycle else f"parent-r{repetition}"
    return folder / "checkpoints" / study.training_key / name


def note_path(study: Study, cell: Cell, folder: Path) -> Path:
    """Where it is noted that a cell's keep ratio cannot be reached."""
    return path_of(study, cell, folder).with_suffix(".unreachable")


def chain_name(study: Study, chain: tuple[str, int]) -> str:
    """Names a chain in the store: studies that share it give it the same name."""
    return f"{study.training_key}.{chain[0]}-r{chain[1]}"


def is_done(study: Study, cell: Cell, folder: Path) -> bool:
    """Whether a cell's checkpoint is whole."""
    return store.is_whole(path_of(study, cell, folder))


def unreachable(study: Study, folder: Path) -> dict[str, str]:
    """Of every chain that ended early: the cell whose keep ratio would have cost a whole layer, and the reason."""
    notes = {cell: note_path(study, cell, folder) for cell in cells(study)}
    return {path_of(study, cell, folder).name: note.read_text() for cell, note in notes.items() if note.exists()}


def pending(study: Study, folder: Path) -> list[Cell]:
    """The cells that are still to be trained, parents first; none beyond the end of a chain that ended early."""
    ended = {cell for cell in cells(study) if note_path(study, cell, folder).exists()}
    return [
        cell
        for cell in cells(study)
        if not any(end[:2] == cell[:2] and end[2] <= cell[2] for end in ended) and not is_done(study, cell, folder)
    ]
