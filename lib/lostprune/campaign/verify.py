"""Reads a whole store again. Damaged files are named and moved aside, so that they are computed again."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from .. import results
from ..foundations import store

log = logging.getLogger("lostprune")
QUARANTINE = "quarantine"
STALE = 3600.0  # seconds after which a temporary file belongs to nobody: the longest write takes seconds
_CELL = re.compile(
    r"(?:(?P<unpruned>parent|separate)-r(?P<number>\d+)|"
    r"(?P<method>\w+)(?:\+[0-9a-f]{8})?-r(?P<repetition>\d+)-c(?P<cycle>\d{2,}))"  # with the fingerprint of a method
)


@dataclass(frozen=True)
class Damage:
    """One thing that was found: what, and why it cannot be used."""

    name: str
    reason: str


def verify(folder: Path) -> tuple[int, list[Damage]]:
    """Check every checkpoint and every result of a store; returns how many are whole, and what is damaged.

    A checkpoint is whole if its checksum and its manifest are right, its numbers are finite, its masks fit its
    weights, every pruned weight is exactly zero, and it keeps nothing that the cycle before had pruned. A result is
    whole if it can be read and follows the schema. What is damaged is moved to the folder ``quarantine`` of the
    store; temporary files that killed processes left behind are deleted.

    May run while others write to the store.
    """
    whole, damages = 0, []
    _delete_leftovers(folder)
    for path in [one for place in ("checkpoints", "pieces", "unfinished") for one in _checkpoints(folder / place)]:
        with store.writing(path):
            reason = _wrong_with_checkpoint(path, is_network=folder / "checkpoints" in path.parents)
            if reason:
                damages.append(_set_aside(folder, reason, path.with_suffix(".json"), path.with_suffix(".safetensors")))
        whole += not reason
    for path in sorted((folder / "results").rglob("*.nc")):
        reason = _wrong_with_result(path)
        if reason:
            damages.append(_set_aside(folder, reason, path))
        whole += not reason
    return whole, damages


def _checkpoints(folder: Path) -> list[Path]:
    """Without suffix, every chain in the order of its cycles."""
    return sorted({file.with_suffix("") for file in folder.rglob("*.*") if file.suffix in (".json", ".safetensors")})


def _wrong_with_checkpoint(path: Path, is_network: bool) -> str | None:
    """Why a checkpoint cannot be used; ``None`` if it can, or if it is gone by now."""
    try:
        found = store.load_checkpoint(path)
        if found is None:
            return "tensors without a manifest: the process that wrote them was killed" if _tensors(path) else None
        tensors, facts = found
        if not is_network:  # of an evaluation or a training that is not finished: the checksum says all
            return None
        return _wrong_facts(path, facts) or _wrong_tensors(tensors) or _not_nested(path, tensors)
    except OSError as error:
        if error.errno is not None:  # of the disk or network: it says nothing of the file
            log.warning("%s cannot be read (%s); it stays where it is", path, error)
            return None
        return f"{type(error).__name__}: {error}"
    except (store.DamagedFile, ValueError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def _tensors(path: Path) -> bool:
    return path.with_suffix(".safetensors").exists()


def _wrong_facts(path: Path, facts: dict) -> str | None:
    name = _CELL.fullmatch(path.name)
    if name is None:
        return f"got the name {path.name}, expected one such as parent-r0 or WT-r0-c01"
    named = [name["unpruned"], int(name["number"]), 0] if name["unpruned"] else None
    named = named or [name["method"], int(name["repetition"]), int(name["cycle"])]
    if (facts["study"], list(facts["cell"])) != (path.parent.name, named):
        return f"its manifest is that of {facts['study']} {facts['cell']}"
    for fact in ("prune_ratio", "flop_reduction"):
        if not 0 <= facts[fact] <= 1:
            return f"{fact}: got {facts[fact]}, expected a fraction"
    # Without a history: trained elsewhere, or pruned and not retrained.
    given = "weights_sha256" in facts or facts.get("engine", "") is None
    if not (facts["history"] or given) or not all(math.isfinite(record["loss"]) for record in facts["history"]):
        return "its history has no epochs, or a loss that is not finite"
    return None


def _wrong_tensors(tensors: dict[str, torch.Tensor]) -> str | None:
    state = {name.removeprefix("state/"): tensor for name, tensor in tensors.items() if name.startswith("state/")}
    if not state:
        return "it has no weights"
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            continue
        # The mask of an attention holds 0 and -inf alone; trained numbers are others.
        mask_alone = not tensor.isnan().any() and not tensor[tensor.isfinite()].any()
        if not (tensor.isfinite().all() or mask_alone):
            return f"{name} is not finite"
    for name, mask in _masks(tensors).items():
        if name not in state or mask.dtype != torch.bool or mask.shape != state[name].shape:
            return f"the mask of {name} does not fit its weights"
        if state[name][~mask].any():
            return f"{name} has weights that are pruned and not zero"
    return None


def _not_nested(path: Path, tensors: dict[str, torch.Tensor]) -> str | None:
    """Whether the cycle keeps what the cycle before it had pruned: it does not come from that one then."""
    name = _CELL.fullmatch(path.name)
    if name["unpruned"] or int(name["cycle"]) < 2:
        return None
    earlier = path.with_name(f"{path.name.rpartition('-c')[0]}-c{int(name['cycle']) - 1:02d}")
    try:
        found = store.load_checkpoint(earlier)
    except (store.DamagedFile, OSError):
        return None  # said of that one
    if found is None:
        return None
    masks, before = _masks(tensors), _masks(found[0])
    # Biases and batch norms have a mask only once one of them is pruned.
    if any((masks.get(weight, torch.tensor(True)) & ~mask).any() for weight, mask in before.items()):
        return f"it keeps weights that {earlier.name} had pruned: it was not made from that one"
    return None


def _masks(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix("mask/"): mask for name, mask in tensors.items() if name.startswith("mask/")}


def _wrong_with_result(path: Path) -> str | None:
    part, key = path.parent.name, path.parents[1].name
    try:
        results.read_file(path, key, part)
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _set_aside(folder: Path, reason: str, *files: Path) -> Damage:
    name = files[0].relative_to(folder).with_suffix("").as_posix()
    for file in files:
        target = folder / QUARANTINE / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target = target.with_name(f"{uuid.uuid4().hex[:8]}-{target.name}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(file, target)
    log.info("%s is set aside: %s", name, reason)
    return Damage(name, reason)


def _delete_leftovers(folder: Path) -> None:
    for file in _hidden_parts(folder):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > STALE:
                file.unlink()


def _hidden_parts(folder: Path) -> Iterator[Path]:
    for kind in ("checkpoints", "comparisons", "pieces", "results", "running", "unfinished"):
        yield from (folder / kind).rglob("*.part")
