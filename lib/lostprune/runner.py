"""``run``: from a Study to its results. What the store holds is returned; only what it lacks is computed."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import Executor, as_completed
from pathlib import Path

import torch
import xarray as xr

from . import checkpoints, parts, prune_retrain, results, store, trained
from .choices import choose
from .progress import Progress
from .store import store_folder
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
        choose("part", name, tuple(parts.COMPUTE))
    folder = store_folder(store)
    found = {part: results.read(study.key, part, folder) for part in names}
    if any(dataset is None for dataset in found.values()):
        found = _compute(study, found, folder, executor)
    tree = xr.DataTree.from_dict({part: found[part] for part in names}, name=study.key)
    tree.attrs = {"study_key": study.key, "schema": results.SCHEMA}
    return tree


def default_device() -> torch.device:
    """``LOSTPRUNE_DEVICE``, else CUDA where there is one, else the CPU.

    Raises:
        ValueError: the device that was asked for is unknown or not there.
    """
    asked = os.environ.get("LOSTPRUNE_DEVICE")
    if not asked:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.zeros(1, device=device)
        return device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"LOSTPRUNE_DEVICE: got {asked!r}, expected a device such as 'cpu' or 'cuda': {reason}"
        ) from error


def _compute(
    study: Study, found: dict[str, xr.Dataset | None], folder: Path, executor: Executor | None
) -> dict[str, xr.Dataset]:
    device = default_device()
    prune_retrain.check_network(study)
    _train(study, folder, device, executor)
    networks = trained.TrainedNetworks(study, folder, device)
    todo = {name: parts.Part(name, networks) for name in parts.COMPUTE if name in found and found[name] is None}
    with Progress(sum(part.plan.images for part in todo.values()), "Evaluation") as bar:
        for name, part in todo.items():
            bar.say(f"Evaluation of {len(networks)} networks, {name}")
            dataset = part.compute(bar).assign_attrs(
                **networks.attributes(),
                **prune_retrain.provenance(device),
                schema=results.SCHEMA,
                part=name,
                study_key=study.key,
                unreachable=json.dumps(checkpoints.unreachable(study, folder)),
            )
            results.write(study.key, name, dataset, folder)
            part.plan.remove()
            found[name] = dataset
    return found


def chain_name(study: Study, chain: tuple[str, int]) -> str:
    """Names a chain in the store: studies that share it give it the same name."""
    return f"{study.training_key}.{chain[0]}-r{chain[1]}"


def _train(study: Study, folder: Path, device: torch.device, executor: Executor | None) -> None:
    """Bring every chain to its end, the parents first since the others start from them."""
    todo = checkpoints.pending(study, folder)
    chains = list(dict.fromkeys(cell[:2] for cell in todo))
    with Progress(prune_retrain.images_to_train(study, todo), f"Training on {device}") as bar:
        for wave in ([chain for chain in chains if chain[0] == "parent"], [c for c in chains if c[0] != "parent"]):
            if executor is None:
                _train_chains(study, wave, folder, device, bar)
                continue
            tasks = {executor.submit(_train_quietly, study, chain, folder): chain for chain in wave}
            for task in as_completed(tasks):
                task.result()
                bar.step(prune_retrain.images_to_train(study, [cell for cell in todo if cell[:2] == tasks[task]]))


def _train_quietly(study: Study, chain: tuple[str, int], folder: Path) -> None:
    """What one worker does, on whatever device it has."""
    _train_chains(study, [chain], folder, default_device(), Progress(0, ""))


def _train_chains(
    study: Study, chains: list[tuple[str, int]], folder: Path, device: torch.device, bar: Progress
) -> None:
    """Train chains, and keep other processes with the same study from doing it too: they wait, and find it done."""
    with contextlib.ExitStack() as claims:
        for name in sorted(chain_name(study, chain) for chain in chains):  # in one order: nobody waits in a circle
            try:
                claims.enter_context(store.claim(store.lock_file(folder, name), wait=False))
            except store.Claimed:
                bar.say(f"waiting for another process, which trains {name}")
                claims.enter_context(store.claim(store.lock_file(folder, name)))
        prune_retrain.run_chains(study, chains, folder, device, bar)
