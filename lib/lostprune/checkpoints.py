"""The networks of a study on disk: which there are, where each one lies, and what is still to be trained."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn

from . import data, networks, pruning, store
from .networks.registry import RANDOM_STATE
from .study import Study

log = logging.getLogger("lostprune")
Cell = tuple[str, int, int]  # method, repetition, cycle; cycle 0 is the unpruned parent, whatever the method


def cells(study: Study) -> list[Cell]:
    """What has to be trained, parents first: ``("parent", repetition, 0)`` and ``(method, repetition, cycle)``."""
    repetitions, cycles = range(study.repetitions), range(1, len(study.ladder) + 1)
    return [("parent", repetition, 0) for repetition in repetitions] + [
        (method, repetition, cycle) for repetition in repetitions for method in study.methods for cycle in cycles
    ]


def untrained(study: Study, repetition: int) -> nn.Module:
    """Line 1 of Algorithm 1: the random initialisation of a repetition; the caller's random state stays as it was."""
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(study.seed_for("initialise", repetition))
        return networks.build(study.network, len(data.DATASETS[study.dataset].classes))


def path_of(study: Study, cell: Cell, folder: Path) -> Path:
    """Where a cell's checkpoint lies (without suffix)."""
    method, repetition, cycle = cell
    name = f"{method}-r{repetition}-c{cycle:02d}" if cycle else f"parent-r{repetition}"
    return folder / "checkpoints" / study.training_key / name


def note_path(study: Study, cell: Cell, folder: Path) -> Path:
    """Where it is noted that a cell's keep ratio cannot be reached."""
    return path_of(study, cell, folder).with_suffix(".unreachable")


def load(study: Study, cell: Cell, folder: Path, device: torch.device) -> tuple[nn.Module, pruning.Masks, dict] | None:
    """A trained network in evaluation mode, its masks and its facts; ``None`` if missing or (said in the log) damaged.

    The facts hold ``prune_ratio`` and ``flop_reduction`` (fractions), ``history`` (per epoch), ``seconds``, ``device``,
    ``date``, the ``engine`` that trained it and the versions it was made with.
    """
    try:
        found = store.load_checkpoint(path_of(study, cell, folder))
    except store.DamagedFile as damage:
        log.warning("%s; it is computed again", damage)
        return None
    if found is None:
        return None
    tensors, facts = found
    network = untrained(study, cell[1])
    network.load_state_dict(_with_prefix(tensors, "state/"))
    masks = {name: mask.to(device) for name, mask in _with_prefix(tensors, "mask/").items()}
    return network.to(device).eval(), masks, facts


def save(study: Study, cell: Cell, folder: Path, network: nn.Module, masks: pruning.Masks, facts: dict) -> None:
    """Write what :func:`load` reads, whole or not at all. Raises OSError."""
    tensors = {f"state/{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"mask/{name}": mask for name, mask in masks.items()}
    store.save_checkpoint(
        path_of(study, cell, folder), tensors, {"study": study.training_key, "cell": list(cell), **facts}
    )


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


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
