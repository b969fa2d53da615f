"""PruneRetrain (Algorithm 1 of the paper), resumable: one chain of cycles for every method and repetition.

Each finished cycle is a checkpoint of its own. A cycle starts from what the checkpoint before it says, never from
memory, so that a run that was killed and started again ends bitwise where an unbroken one ends (on one CPU). A long
cycle keeps its last finished epoch, too, and resumes after it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from .. import networks, pruning
from ..foundations import store
from ..foundations.device import provenance
from ..foundations.progress import TRAINING_PASSES, Progress
from ..study import Study
from ..training import Diverged, Run, train_together
from .beginning import beginning, is_trained
from .cells import Cell, Chain, cell_before, name_of, name_of_chain
from .checkpoints import Checkpoints
from .misses import Misses
from .training_part import training_part

log = logging.getLogger("lostprune")


def images_to_train(checkpoints: Checkpoints, todo: list[Cell]) -> int:
    """How many images the networks still have to see, all epochs together that are not kept."""
    study = checkpoints.study
    left = {cell: max(0, _epochs(study, cell) - checkpoints.epochs_kept(cell)) for cell in todo}
    return sum(images_of(study, cell) * epochs for cell, epochs in left.items())


def images_of(study: Study, cell: Cell) -> int:
    """How many images an epoch of a cell has."""
    return study.retrain_images if cell[2] else study.train_images


@contextlib.contextmanager
def claimed(
    checkpoints: Checkpoints, chains: Iterable[Chain], bar: Progress, wait: bool = True
) -> Iterator[list[Chain]]:
    """Keep other processes from working on chains meanwhile; gives the chains that this process has.

    Args:
        checkpoints: the study's checkpoints.
        chains: see :data:`cells.Chain`.
        bar: shows a message while this waits for another process.
        wait: whether to wait for a process that already works on a chain; otherwise the chain is left to it.
    """
    own = []
    with contextlib.ExitStack() as claims:
        for chain in sorted(chains):  # in one order: two processes never wait for each other
            lock = checkpoints.lock_file(chain)
            try:
                claims.enter_context(store.claim(lock, wait=False))
            except store.Claimed:
                if not wait:
                    continue
                bar.say(f"waiting for another process, which works on {lock.stem}")
                claims.enter_context(store.claim(lock))
            own.append(chain)
        yield own


def run_chains(checkpoints: Checkpoints, chains: list[Chain], device: torch.device, bar: Progress) -> None:
    """Bring chains to their end; see :data:`cells.Chain`. The parents they start from must be there.

    On CUDA they go side by side, one cycle of each at once; on a CPU, where that wins nothing, one after the other.
    A chain ends early, with a note in the store and a line in the log, where the next keep ratio cannot be reached
    without losing a whole layer. One whose loss is no longer finite ends, too, without stopping the others.

    Raises:
        training.Diverged: after all others are at their end, for the chains whose loss was no longer finite.
        OSError: the store cannot be written.
    """
    queues = {chain: checkpoints.pending(chain) for chain in chains}
    groups = [chains] if device.type == "cuda" else [[chain] for chain in chains]
    diverged, misses = [], Misses()
    for group in groups:
        ended = set()
        while cells_now := [queues[chain].pop(0) for chain in group if queues[chain]]:
            for cell, failure in _run_cells(checkpoints, cells_now, device, bar, misses).items():
                queues[cell[:2]].clear()
                ended.add(cell[:2])
                if isinstance(failure, Diverged):
                    diverged.append(f"{name_of(cell)}: {failure}")
            for chain in group:
                if not queues[chain] and chain not in ended:  # what follows a network that was made again
                    queues[chain] = checkpoints.pending(chain)
    if diverged:
        raise Diverged("\n".join(diverged))


def _run_cells(
    checkpoints: Checkpoints, todo: list[Cell], device: torch.device, bar: Progress, misses: Misses
) -> dict[Cell, Diverged | pruning.VanishedLayer]:
    """Prune, train at once, and save; returns the cells that have no result, and why."""
    study, started, failures, runs, made_of = checkpoints.study, time.monotonic(), {}, {}, {}
    for cell in todo:
        bar.say(_in_words(study, cell))
        if _is_pretrained(study, cell):
            _save_pretrained(checkpoints, cell, device)
            continue
        try:
            runs[cell], made_of[cell] = _pruned(checkpoints, cell, device, bar, misses)
        except pruning.VanishedLayer as reason:
            log.warning("%s ends before cycle %d: %s", name_of_chain(cell[:2]), cell[2], reason)
            checkpoints.end_early(cell, str(reason))
            failures[cell] = reason
    if len(runs) > 1:
        bar.say(f"{len(runs)} networks at once, {_in_words(study, todo[0])} to {_in_words(study, todo[-1])}")
    epochs = 0

    def on_step(images: int, record: dict | None) -> None:
        nonlocal epochs
        epochs += record is not None
        bar.step(TRAINING_PASSES * images, record)

    histories = train_together(list(runs.values()), on_step)
    for (cell, run), history in zip(runs.items(), histories, strict=True):
        if isinstance(history, Diverged):
            failures[cell] = history
        else:
            seconds = (time.monotonic() - started) / len(runs)
            if 0 < epochs < len(history) * len(runs):  # epochs that were kept took as long, about
                seconds *= len(history) * len(runs) / epochs
            _save(checkpoints, cell, run, history, seconds, made_of[cell])
    return failures


def _in_words(study: Study, cell: Cell) -> str:
    method, repetition, cycle = cell
    where = f", cycle {cycle} of {len(study.ladder)}" if cycle else ""
    return f"{method}, repetition {repetition + 1} of {study.repetitions}{where}"


def _epochs(study: Study, cell: Cell) -> int:
    if cell[2]:
        return study.retrain_recipe.epochs
    return 0 if _is_pretrained(study, cell) else study.recipe.epochs


def _is_pretrained(study: Study, cell: Cell) -> bool:
    """Whether the cell is a parent that was trained elsewhere."""
    return cell[0] == "parent" and (networks.weights_digest(study.network) is not None or is_trained(study))


def _pruned(
    checkpoints: Checkpoints, cell: Cell, device: torch.device, bar: Progress, misses: Misses
) -> tuple[Run, str | None]:
    """Lines 1 and 5 of Algorithm 1: the network that a cell trains, and the digest of the one it was made from."""
    study, (method, repetition, cycle) = checkpoints.study, cell
    images, labels, samples = training_part(study, images_of(study, cell), device)
    recipe, masks, made_of = study.recipe, None, None
    seed, before = study.seed_for("train", *cell), cell_before(cell)
    if before is None:
        network = beginning(study, method, repetition).to(device)
        if study.weights is not None:
            _complete_statistics(study, network, samples)
    else:
        recipe = study.retrain_recipe
        loaded = checkpoints.load(before, device)
        if loaded is None:  # damaged since the chain began: make it again first
            for failure in _run_cells(checkpoints, [before], device, bar, misses).values():
                raise failure
            loaded = checkpoints.load(before, device)
        network, masks, made_of = loaded[0], loaded[1], loaded[2]["sha256"]
        for keep_ratio in study.ladder[cycle - 1]:  # in one step or several
            masks, missed = pruning.attempt(network, method, keep_ratio, samples, masks or None)
            pruning.apply(network, masks)
        if missed:
            misses.say(cell, missed)
    run = Run(
        network,
        images,
        labels,
        recipe,
        seed,
        study.dataset,
        masks,
        image_size=study.image_shape[1],
        training=study.training,
        kept=checkpoints.unfinished(cell),
        kept_of=f"{made_of}, {len(labels)} images",
    )
    return run, made_of


def _save(
    checkpoints: Checkpoints, cell: Cell, run: Run, history: list[dict], seconds: float, made_of: str | None
) -> None:
    network, masks = run.network, run.masks or {}
    facts = {
        "prune_ratio": pruning.prune_ratio(network, masks),
        "flop_reduction": pruning.flop_reduction(network, masks, run.image_shape),
        "engine": history[-1]["engine"] if history else None,
        "history": history,
        "seconds": seconds,
        **provenance(run.device),
    }
    if made_of is not None:
        facts["before_sha256"] = made_of
    checkpoints.save(cell, network, masks, facts)


def _save_pretrained(checkpoints: Checkpoints, cell: Cell, device: torch.device) -> None:
    """Line 2 of Algorithm 1 for a network that was trained elsewhere: its weights become the parent's checkpoint."""
    study = checkpoints.study
    network = beginning(study, *cell[:2])
    if digest := networks.weights_digest(study.network):
        networks.load_pretrained(network, study.network)
    network = network.to(device)
    _complete_statistics(study, network, training_part(study, study.train_images, device)[2])
    facts = {
        "prune_ratio": 0.0,
        "flop_reduction": 0.0,
        "engine": None,
        "history": [],
        "seconds": 0.0,
        "weights_sha256": digest,
        **provenance(device),
    }
    checkpoints.save(cell, network, {}, facts)


def _complete_statistics(study: Study, network: nn.Module, samples: torch.Tensor) -> None:
    if layers := networks.measure_statistics(network, samples):
        log.info("%s: %d batch norms had no running statistics, now those of the samples", study.network, len(layers))
