"""``run``: from a Study to its results. What the store holds is returned; only what it lacks is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor, as_completed
from pathlib import Path

import torch
import xarray as xr
from torch import nn

from . import prune_retrain, pruning, results
from .foundations.choices import check_choice
from .foundations.device import default_device, provenance
from .foundations.imports import IMPORTED, import_all
from .foundations.progress import TRAINING_PASSES, Progress
from .foundations.store import store_folder
from .measurement import test_sets
from .measurement.networks import TrainedNetworks
from .measurement.registry import PARTS
from .prune_retrain import ONE_THREAD, Checkpoints
from .prune_retrain.cells import UNPRUNED, Chain, name_of_chain
from .results import beside
from .study import Study
from .training import Diverged

KEEP_WEIGHTS = ("all", "last")


def run(
    study: Study, *parts: str, executor: Executor | None = None, store: str | os.PathLike | None = None
) -> xr.DataTree:
    """The results of a study, one group per part; see the book's page on the result schema.

    It works chain by chain: it trains the networks of a method and repetition, then measures them. If it is stopped and
    called again, it resumes. Every finished prune-retrain cycle is on disk before the next one begins, of a long cycle
    its last finished epoch, and so is every finished distribution and every finished part of a chain.

    Args:
        study: the study to run.
        parts: some of ``"curves"`` (error over prune ratio), ``"shift"`` (error on every test distribution),
            ``"severities"`` (error under every corruption at severities 1 to 5), ``"noise"`` (error and functional
            distance under noise), ``"informative"`` (which pixels suffice, for which networks) and ``"masking"`` (what
            that owes to how pixels are masked and searched); none means ``"curves"``.
        executor: runs the chains, each as one task; serial if ``None``.
        store: folder of checkpoints and results; else ``LOSTPRUNE_STORE``, else the user's data folder.

    Raises:
        ValueError: an unknown part, or a network that cannot be run or pruned, before any work.
        OSError: the store cannot be written, before any work; or no space is left, and finished work is kept.
        training.Diverged: a network's loss is no longer finite.
        results.ChainsDiffer: the store holds chains that do not belong together, or of other images.
    """
    parts = parts or ("curves",)
    for part in parts:
        check_choice("part", part, PARTS)
    folder = store_folder(store)
    missing = results.missing(study, parts, folder)
    if missing:
        beside.check_images(study, parts, folder)
        prune_retrain.check_network(study)
        _complete_all(study, missing, parts, folder, executor)
    tree = xr.DataTree.from_dict({part: results.read_study(study, part, folder) for part in parts}, name=study.key)
    beside.check_parents(tree)
    tree.attrs = {"study_key": study.key, "schema": results.SCHEMA}
    return tree


def load(
    study: Study, method: str, repetition: int = 0, cycle: int = 0, store: str | os.PathLike | None = None
) -> tuple[nn.Module, pruning.Masks]:
    """A trained network of a study, in evaluation mode on the CPU, and its masks.

    Args:
        study: a study that was run.
        method: one of the study's methods.
        repetition: counted from 0.
        cycle: 0 is the unpruned parent, whose masks are empty.
        store: as for :func:`run`.

    Raises:
        ValueError: the study has no such method, repetition or cycle.
        FileNotFoundError: the network is not in the store. The message says how to train it.

    Example:
        >>> network, masks = load(Study(scale="quick"), "FT", repetition=0, cycle=3)  # doctest: +SKIP
    """
    check_choice("method", method, study.methods)
    for name, got, count in (("repetition", repetition, study.repetitions), ("cycle", cycle, len(study.ladder) + 1)):
        if got not in range(count):
            raise ValueError(f"{name}: got {got!r}, expected a whole number from 0 to {count - 1}")
    cell = (method if cycle else "parent", repetition, cycle)
    checkpoints = Checkpoints(study, store_folder(store))
    found = checkpoints.load(cell, torch.device("cpu"))
    if found is None:
        reason = checkpoints.unreachable((method, repetition)) or "run the study with lostprune.run(study) to train it"
        raise FileNotFoundError(f"network {checkpoints.path(cell)} is not there: {reason}")
    return found[:2]


def unpruned_chains(chains: Iterable[Chain], parts: Iterable[str]) -> list[Chain]:
    """What must be there before the chains: their parents and, where a part needs them, the separate networks."""
    kinds = UNPRUNED if any(PARTS[part].needs_separate for part in parts) else UNPRUNED[:1]
    return [(kind, repetition) for repetition in dict.fromkeys(chain[1] for chain in chains) for kind in kinds]


def complete(
    checkpoints: Checkpoints,
    chains: dict[Chain, tuple[str, ...]],
    device: torch.device,
    bar: Progress,
    wait: bool = True,
    keep_weights: str = "all",
) -> list[Chain]:
    """Train chains to their end, then measure each.

    Args:
        checkpoints: the study's checkpoints; parents and separate networks exist, or are the only chains.
        chains: for each the parts of its results that are missing.
        device, bar: as for :func:`prune_retrain.run_chains`.
        wait: for a process that already works on one of the chains; else leave that chain to it.
        keep_weights: ``"all"``, or ``"last"`` to drop the weights of each chain whose parts are complete.

    Returns:
        the chains that were left to other processes.

    Raises:
        training.Diverged: at the end, for chains whose loss was no longer finite; the others are measured.
    """
    key, folder = checkpoints.study.key, checkpoints.folder
    with ONE_THREAD, prune_retrain.claimed(checkpoints, chains, bar, wait) as own:
        # Another process may have finished some of it by now.
        lacking = {
            chain: tuple(part for part in chains[chain] if results.read(key, part, chain, folder) is None)
            for chain in own
        }
        todo = [chain for chain in own if lacking[chain] or not chains[chain]]
        diverged = None
        try:
            prune_retrain.run_chains(checkpoints, todo, device, bar)
        except Diverged as error:  # the others are at their end, and have results
            diverged = error
        for chain in todo:
            if diverged and checkpoints.pending(chain):
                continue
            for part in lacking[chain]:
                _measure(checkpoints, chain, part, device, bar)
            if keep_weights == "last" and chains[chain]:
                checkpoints.drop(chain)
        if diverged:
            raise diverged
    return [chain for chain in chains if chain not in own]


def passes_left(checkpoints: Checkpoints, chains: dict[Chain, tuple[str, ...]]) -> int:
    """How many passes the networks of chains still have to make, in training and in measuring."""
    study = checkpoints.study
    trained = prune_retrain.images_to_train(
        checkpoints, [cell for chain in chains for cell in checkpoints.pending(chain)]
    )
    measured = sum(PARTS[part].images(study) for parts in chains.values() for part in parts)
    return TRAINING_PASSES * trained + (len(study.ladder) + 1) * measured


def _measure(checkpoints: Checkpoints, chain: Chain, part: str, device: torch.device, bar: Progress) -> None:
    study, folder = checkpoints.study, checkpoints.folder
    networks = TrainedNetworks(checkpoints, chain, device, PARTS[part].needs_separate)
    measured = PARTS[part](networks)
    bar.say(f"measuring {part} of {len(networks)} networks, {name_of_chain(chain)}")
    dataset = measured.compute(bar).assign_attrs(
        **networks.attributes(),
        **provenance(device),
        schema=results.SCHEMA,
        part=part,
        study_key=study.key,
        test_images=len(test_sets.nominal(study)[1]),
        test_sha256=test_sets.digest(study),
    )
    results.write(study.key, part, chain, dataset, folder)

    def is_done(method: str) -> bool:
        return results.path_of(study.key, part, (method, chain[1]), folder).exists()

    if all(map(is_done, study.methods)):
        measured.plan.remove(is_done)


def _complete_all(
    study: Study,
    missing: dict[Chain, tuple[str, ...]],
    parts: Iterable[str],
    folder: Path,
    executor: Executor | None,
) -> None:
    """Bring every chain to its end, the unpruned networks first since the others need them.

    Raises:
        training.Diverged: at the end, for chains whose loss was no longer finite; the chains that need those are left.
    """
    checkpoints, device = Checkpoints(study, folder), default_device()
    lacking_parts = {part for lacking in missing.values() for part in lacking}
    unpruned = {chain: () for chain in unpruned_chains(missing, lacking_parts)}
    diverged: list[str] = []
    with Progress(passes_left(checkpoints, unpruned | missing), f"{study.network} on {device}") as bar:
        for wave in (unpruned, missing):
            beside.check_networks(checkpoints, parts)
            lost = {chain[1] for chain in unpruned if wave is missing and checkpoints.pending(chain)}
            ready = {chain: lacking for chain, lacking in wave.items() if chain[1] not in lost}
            if executor is None:
                together = device.type == "cuda"
                for some in [ready] * together or [{chain: lacking} for chain, lacking in ready.items()]:
                    try:
                        complete(checkpoints, some, device, bar)
                    except Diverged as error:
                        diverged.append(str(error))
            else:
                counts = {chain: passes_left(checkpoints, {chain: lacking}) for chain, lacking in ready.items()}
                tasks = {
                    executor.submit(_complete_quietly, study, folder, one, tuple(IMPORTED)): one[0]
                    for one in ready.items()
                }
                for task in as_completed(tasks):
                    try:
                        task.result()
                    except Diverged as error:
                        diverged.append(str(error))
                    bar.step(counts[tasks[task]])
    if diverged:
        raise Diverged("\n".join(diverged))


def _complete_quietly(
    study: Study, folder: Path, chain: tuple[Chain, tuple[str, ...]], imports: tuple[str, ...]
) -> None:
    """What one worker does, on whatever device it has, once it has run the code that registers things."""
    import_all(imports)
    complete(Checkpoints(study, folder), dict([chain]), default_device(), Progress(0, ""))
