"""The last finished epoch of a training that is not finished, on disk: an interrupted run resumes after it."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from ..foundations import store

log = logging.getLogger("lostprune")
EVERY = 60.0  # seconds between two writes: what a killed process loses, at most, beside the epoch it was in


class KeptEpochs:
    """Keeps the newest state of one training in a folder.

    Args:
        folder: of this training alone; ``None`` keeps nothing.
        of: what the training begins with; a state of anything else is not used.
    """

    def __init__(self, folder: Path | None, of: str = ""):
        self.folder, self._of, self._written, self._epochs = folder, of, time.monotonic(), 0

    def load(self, expected: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], list[dict]] | None:
        """The newest state and the records of its epochs; ``None`` if there is none, or none that can be used (logged).

        Args:
            expected: a state of this training, whose shapes it must have.
        """
        for path in reversed(_states(self.folder)):
            try:
                found = store.load_checkpoint(path)
            except store.DamagedFile as damage:
                log.warning("%s; the epochs since the state before it are trained again", damage)
                continue
            if found is None:
                continue
            tensors, facts = found
            state = [tensors.get(str(i)) for i in range(len(expected))]
            if any(got is None or got.shape != wanted.shape for got, wanted in zip(state, expected, strict=True)):
                log.warning("%s is of another network; its epochs are trained again", path)
                continue
            if facts.get("of", self._of) != self._of:
                log.warning("%s began with another network or other images; its epochs are trained again", path)
                path.with_suffix(".json").unlink(missing_ok=True)  # else it would stand for the new state of this epoch
                continue
            self._epochs = len(facts["history"])
            return state, facts["history"]
        return None

    def save(self, state: Sequence[torch.Tensor], history: list[dict], at_once: bool = False) -> None:
        """Write the state after the epochs of ``history``, if that is due, and delete the states before it.

        Args:
            state: what the training needs to continue.
            history: the records of its epochs until then.
            at_once: also if less than :data:`EVERY` seconds have passed. Raises OSError.
        """
        if self.folder is None or len(history) <= self._epochs:
            return
        if not at_once and time.monotonic() - self._written < EVERY:
            return
        path = self.folder / f"epoch-{len(history):04d}"
        older = [one for one in _states(self.folder) if one != path]  # it is there if a signal came as it was written
        facts = {"history": history, "of": self._of}
        store.save_checkpoint(path, {str(i): tensor for i, tensor in enumerate(state)}, facts)
        with store.writing(path):
            for one in older:
                for suffix in (".json", ".safetensors"):  # the manifest first: without it there is no checkpoint
                    one.with_suffix(suffix).unlink(missing_ok=True)
        self._epochs, self._written = len(history), time.monotonic()

    def delete(self) -> None:
        """Once the training is finished, and its network is kept elsewhere."""
        if self.folder is not None and self.folder.is_dir():
            with store.writing(self.folder / "epoch"):
                shutil.rmtree(self.folder, ignore_errors=True)


def epochs_kept(folder: Path) -> int:
    """How many epochs the newest state in a folder has behind it."""
    states = _states(folder)
    return int(states[-1].name.removeprefix("epoch-")) if states else 0


def _states(folder: Path | None) -> list[Path]:
    """Without suffix, the oldest first."""
    return [] if folder is None else sorted(file.with_suffix("") for file in folder.glob("epoch-*.json"))
