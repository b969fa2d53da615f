"""The trained networks of a study on disk: written whole, and read back checked."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import torch
from torch import nn

from .. import networks, pruning
from ..foundations import store
from ..networks.registry import RANDOM_STATE
from ..study import Study
from ..training import KeptEpochs, epochs_kept
from .cells import Cell, Chain, cell_before, cells_of, name_of, name_of_chain

log = logging.getLogger("lostprune")

# Of a repository: unpruned networks of the studies that its book shows, so that nobody has to train them again.
COMMITTED = Path(__file__).resolve().parents[3] / "book" / "parents"


def untrained(study: Study, kind: str = "parent", repetition: int = 0) -> nn.Module:
    """Line 1 of Algorithm 1: the random initialisation of an unpruned network; the caller's random state stays.

    Args:
        study: the study whose network to make.
        kind: ``"parent"`` or ``"separate"``.
        repetition: counted from 0.
    """
    purpose = ("initialise", repetition) if kind == "parent" else ("initialise", kind, repetition)
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(study.seed_for(*purpose))
        return networks.build(study.network, len(study.classes))


class Checkpoints:
    """The checkpoints of one study in one store; studies that train alike share them.

    Unpruned networks that are not in the store are read from ``book/parents`` of the repository, if they lie there.

    Args:
        study: the study whose networks these are.
        folder: the store.
    """

    def __init__(self, study: Study, folder: Path):
        self.study, self.folder, self.training_key = study, folder, study.training_key
        self._place = folder / "checkpoints" / self.training_key

    def path(self, cell: Cell) -> Path:
        """Where a cell's checkpoint lies, or will lie (without suffix)."""
        own, committed = self._own(cell), COMMITTED / self.training_key / name_of(cell)
        return committed if not own.with_suffix(".json").exists() and store.is_whole(committed) else own

    def lock_file(self, chain: Chain) -> Path:
        """What a process holds while it works on a chain."""
        return store.lock_file(self.folder, f"{self.training_key}.{name_of_chain(chain)}")

    def load(self, cell: Cell, device: torch.device) -> tuple[nn.Module, pruning.Masks, dict] | None:
        """A trained network in evaluation mode, its masks and its facts; ``None`` if missing, or damaged (logged).

        The facts hold ``prune_ratio`` and ``flop_reduction`` (fractions), ``history`` (per epoch), ``seconds``,
        ``device``, ``date``, the ``engine`` that trained it and the versions it was made with.
        """
        try:
            found = store.load_checkpoint(self.path(cell))
        except store.DamagedFile as damage:
            log.warning("%s; it is computed again", damage)
            return None
        if found is None:
            return None
        tensors, facts = found
        network = untrained(self.study)
        network.load_state_dict(_with_prefix(tensors, "state/"))
        masks = pruning.Masks({name: mask.to(device) for name, mask in _with_prefix(tensors, "mask/").items()})
        return network.to(device).eval(), masks, facts

    def save(self, cell: Cell, network: nn.Module, masks: pruning.Masks, facts: dict) -> None:
        """Write what :meth:`load` reads, whole or not at all. Raises OSError."""
        tensors = {f"state/{name}": value for name, value in network.state_dict().items()}
        tensors |= {f"mask/{name}": mask for name, mask in masks.items()}
        if store.is_whole(self.path(cell)) and self._is_of_another(cell):  # it would stay, and so would later notes
            for later in cells_of(self.study, cell[:2]):
                if later[2] >= cell[2]:
                    self._note(later).unlink(missing_ok=True)
            self._own(cell).with_suffix(".json").unlink(missing_ok=True)
        store.save_checkpoint(self._own(cell), tensors, {"study": self.training_key, "cell": list(cell), **facts})
        KeptEpochs(self.unfinished(cell)).delete()

    def unfinished(self, cell: Cell) -> Path:
        """The folder in which a cell keeps its last finished epoch while it is trained."""
        return self.folder / "unfinished" / self.training_key / name_of(cell)

    def epochs_kept(self, cell: Cell) -> int:
        """How many epochs of a cell that is not done need not be trained again."""
        return epochs_kept(self.unfinished(cell))

    def facts(self, cell: Cell) -> dict:
        """What :meth:`load` says of a cell that is done, without its weights; ``sha256`` tells it from another."""
        return json.loads(self.path(cell).with_suffix(".json").read_text())

    def is_done(self, cell: Cell) -> bool:
        """Whether a cell's checkpoint is whole, and was made from the network before it that is there now."""
        return store.is_whole(self.path(cell)) and not self._is_of_another(cell)

    def _is_of_another(self, cell: Cell) -> bool:
        """Whether the network that a whole checkpoint was made from has been replaced since.

        A damaged parent was trained again, or the store took in chains of another one.
        """
        before, made_of = cell_before(cell), self.facts(cell).get("before_sha256")
        if before is None or made_of is None or not store.is_whole(self.path(before)):
            return False
        return made_of != self.facts(before)["sha256"]

    def end_early(self, cell: Cell, reason: str) -> None:
        """Note that a cell's keep ratio cannot be reached: its chain ends before it. Raises OSError."""
        store.write_whole(self._note(cell), lambda part: part.write_text(reason))

    def unreachable(self, chain: Chain) -> dict[str, str]:
        """For a chain that ended early, the cell whose keep ratio would remove a whole layer, and the reason."""
        notes = {cell: self._note(cell) for cell in cells_of(self.study, chain)}
        return {name_of(cell): note.read_text() for cell, note in notes.items() if note.exists()}

    def pending(self, chain: Chain) -> list[Cell]:
        """The cells of a chain that are still to be trained, none beyond the end of one that ended early."""
        left, replaced = [], False
        for cell in cells_of(self.study, chain):
            if self._note(cell).exists():
                break
            replaced = replaced or (store.is_whole(self.path(cell)) and self._is_of_another(cell))
            if replaced or not self.is_done(cell):  # what follows a network that is trained again is made from another
                left.append(cell)
        return left

    def drop(self, chain: Chain) -> None:
        """Delete the weights of a chain; its notes stay."""
        for cell in cells_of(self.study, chain):
            for suffix in (".json", ".safetensors"):  # the manifest first: without it there is no checkpoint
                self._own(cell).with_suffix(suffix).unlink(missing_ok=True)

    def _note(self, cell: Cell) -> Path:
        return self._own(cell).with_suffix(".unreachable")

    def _own(self, cell: Cell) -> Path:
        return self._place / name_of(cell)


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
