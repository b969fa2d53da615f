"""``run``: from a Study to its results. What the store holds is returned; only what it lacks is computed."""

from __future__ import annotations

import json
import os
from concurrent.futures import Executor, as_completed
from pathlib import Path

import torch
import xarray as xr
from torch import nn

from . import prune_retrain, pruning, results
from .foundations.choices import choose
from .foundations.device import default_device, provenance
from .foundations.progress import Progress
from .foundations.store import store_folder
from .measurement import registry
from .measurement.networks import TrainedNetworks
from .prune_retrain import cells, checkpoints
from .study import Study


def run(
    study: Study, *names: str, executor: Executor | None = None, store: str | os.PathLike | None = None
) -> xr.DataTree:
    """The results of a study, one group per part; see the book's page on the result schema.

    Stopped anywhere and called again, it goes on where it was: every finished prune-retrain cycle and every finished
    part is on disk before the next one begins, and of a part every finished distribution.

    Args:
        study: what to run.
        names: parts, of ``"curves"`` (error over prune ratio), ``"shift"`` (error on every test distribution),
            ``"severities"`` (error under every corruption at severities 1 to 5) and ``"noise"`` (error and functional
            distance under noise); none means ``"curves"``.
        executor: runs the chains of one repetition and method, each as one task; serial if ``None``.
        store: folder of checkpoints and results; else ``LOSTPRUNE_STORE``, else the user's data folder.

    Raises:
        ValueError: an unknown part, or a network that cannot be run or pruned, before any work.
        OSError: the store cannot be written, before any work; or no space is left, and what was finished is kept.
        training.Diverged: a network's loss is no longer finite.
    """
    names = names or ("curves",)
    for name in names:
        choose("part", name, tuple(registry.COMPUTE))
    folder = store_folder(store)
    found = {part: results.read(study.key, part, folder) for part in names}
    if any(dataset is None for dataset in found.values()):
        found = _compute(study, found, folder, executor)
    tree = xr.DataTree.from_dict({part: found[part] for part in names}, name=study.key)
    tree.attrs = {"study_key": study.key, "schema": results.SCHEMA}
    return tree


def load(
    study: Study, method: str, repetition: int = 0, cycle: int = 0, store: str | os.PathLike | None = None
) -> tuple[nn.Module, pruning.Masks]:
    """A trained network of a study, in evaluation mode on the CPU, and its masks.

    Args:
        study: that was run.
        method: one of the study's methods.
        repetition: counted from 0.
        cycle: 0 is the unpruned parent, whose masks are empty.
        store: as for :func:`run`.

    Raises:
        ValueError: the study has no such method, repetition or cycle.
        FileNotFoundError: the network is not in the store; says how to train it.

    Example:
        >>> network, masks = load(Study(scale="quick"), "FT", repetition=0, cycle=3)  # doctest: +SKIP
    """
    choose("method", method, study.methods)
    for name, got, count in (("repetition", repetition, study.repetitions), ("cycle", cycle, len(study.ladder) + 1)):
        if got not in range(count):
            raise ValueError(f"{name}: got {got!r}, expected a whole number from 0 to {count - 1}")
    cell = (method if cycle else "parent", repetition, cycle)
    folder = store_folder(store)
    found = checkpoints.load(study, cell, folder, torch.device("cpu"))
    if found is None:
        path = cells.path_of(study, cell, folder)
        raise FileNotFoundError(f"network {path} is not there; run the study with lostprune.run(study) to train it")
    return found[:2]


def _compute(
    study: Study, found: dict[str, xr.Dataset | None], folder: Path, executor: Executor | None
) -> dict[str, xr.Dataset]:
    device = default_device()
    prune_retrain.check_network(study)
    _train(study, folder, device, executor)
    networks = TrainedNetworks(study, folder, device)
    todo = {name: registry.Part(name, networks) for name in registry.COMPUTE if name in found and found[name] is None}
    with Progress(sum(part.plan.images for part in todo.values()), "Evaluation") as bar:
        for name, part in todo.items():
            bar.say(f"Evaluation of {len(networks)} networks, {name}")
            dataset = part.compute(bar).assign_attrs(
                **networks.attributes(),
                **provenance(device),
                schema=results.SCHEMA,
                part=name,
                study_key=study.key,
                unreachable=json.dumps(cells.unreachable(study, folder)),
            )
            results.write(study.key, name, dataset, folder)
            part.plan.remove()
            found[name] = dataset
    return found


def _train(study: Study, folder: Path, device: torch.device, executor: Executor | None) -> None:
    """Bring every chain to its end, the parents first since the others start from them."""
    todo = cells.pending(study, folder)
    chains = list(dict.fromkeys(cell[:2] for cell in todo))
    with Progress(prune_retrain.images_to_train(study, todo), f"Training on {device}") as bar:
        for wave in ([chain for chain in chains if chain[0] == "parent"], [c for c in chains if c[0] != "parent"]):
            if executor is None:
                prune_retrain.train_chains(study, wave, folder, device, bar)
                continue
            tasks = {executor.submit(_train_quietly, study, chain, folder): chain for chain in wave}
            for task in as_completed(tasks):
                task.result()
                bar.step(prune_retrain.images_to_train(study, [cell for cell in todo if cell[:2] == tasks[task]]))


def _train_quietly(study: Study, chain: cells.Chain, folder: Path) -> None:
    """What one worker does, on whatever device it has."""
    prune_retrain.train_chains(study, [chain], folder, default_device(), Progress(0, ""))
