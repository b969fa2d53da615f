"""The trained networks of a study on disk: written whole, and read back checked."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn

from .. import data, networks, pruning
from ..foundations import store
from ..networks.registry import RANDOM_STATE
from ..study import Study
from .cells import Cell, path_of

log = logging.getLogger("lostprune")


def untrained(study: Study, repetition: int) -> nn.Module:
    """Line 1 of Algorithm 1: the random initialisation of a repetition; the caller's random state stays as it was."""
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(study.seed_for("initialise", repetition))
        return networks.build(study.network, len(data.DATASETS[study.dataset].classes))


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


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
