"""``run``: from a Study to its results. What the store holds is returned; only what it lacks is computed."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import Executor
from pathlib import Path

import torch
import xarray as xr

from . import parts, prune_retrain, results
from .choices import choose
from .progress import Progress
from .store import store_folder
from .study import Study


def run(
    study: Study, *names: str, executor: Executor | None = None, store: str | os.PathLike | None = None
) -> xr.DataTree:
    """The results of a study, one group per part; see the book's page on the result schema.

    Stopped anywhere and called again, it goes on where it was: every finished prune-retrain cycle and every finished
    part is on disk before the next one begins.

    Args:
        study: what to run.
        names: parts, of ``"curves"`` (error over prune ratio), ``"shift"`` (error on every test distribution) and
            ``"noise"`` (error and functional distance under noise); none means ``"curves"``.
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
    todo = [part for part in parts.COMPUTE if part in found and found[part] is None]
    if "shift" in todo and "curves" not in found:  # the nominal errors among "shift" are those of "curves"
        found |= {"curves": results.read(study.key, "curves", folder)}
        todo = todo if found["curves"] is not None else ["curves", *todo]
    networks = parts.TrainedNetworks(study, folder, device)
    with Progress(sum(parts.images_to_evaluate(study, part) for part in todo) * len(networks), "Evaluation") as bar:
        for part in todo:
            started = time.monotonic()
            bar.say(f"Evaluation of {len(networks)} networks, {part}")
            dataset = parts.COMPUTE[part](networks, found.get("curves"), bar)
            dataset.attrs = {
                **networks.attributes(),
                **prune_retrain.provenance(device),
                "schema": results.SCHEMA,
                "part": part,
                "study_key": study.key,
                "wall_seconds": time.monotonic() - started,
                "unreachable": json.dumps(prune_retrain.unreachable(study, folder)),
            }
            results.write(study.key, part, dataset, folder)
            found[part] = dataset
    return found


def _train(study: Study, folder: Path, device: torch.device, executor: Executor | None) -> None:
    """Bring every chain to its end, the parents first since the others start from them."""
    todo = prune_retrain.pending(study, folder)
    chains = list(dict.fromkeys(cell[:2] for cell in todo))
    with Progress(prune_retrain.images_to_train(study, todo), f"Training on {device}") as bar:
        for wave in ([chain for chain in chains if chain[0] == "parent"], [c for c in chains if c[0] != "parent"]):
            if executor is None:
                for chain in wave:
                    prune_retrain.run_chain(study, *chain, folder, device, bar)
            else:
                run_quietly = prune_retrain.run_chain
                tasks = [executor.submit(run_quietly, study, *chain, folder, device, Progress(0, "")) for chain in wave]
                for task in tasks:
                    task.result()
