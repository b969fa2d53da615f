"""PruneRetrain (Algorithm 1 of the paper), resumable: one chain of cycles for every method and repetition.

Each finished cycle is a checkpoint of its own. A cycle starts from what the checkpoint before it says, never from
memory, so that a run that was killed and started again ends bitwise where an unbroken one ends (on one CPU).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from pathlib import Path

import torch

from .. import data, networks, pruning
from ..foundations import store
from ..foundations.device import provenance
from ..foundations.progress import Progress
from ..pruning import layers
from ..study import Study
from ..training import Diverged, Run, train_together
from . import checkpoints
from .cells import Cell, Chain, chain_name, note_path, path_of, pending

log = logging.getLogger("lostprune")


def check_network(study: Study) -> None:
    """Whether the study's network can be run at all; asked before any work.

    Raises:
        ValueError: it has no prunable layer, its weights are not finite, or it does not turn images into one logit
            for each class; the weights it is registered with cannot be read or do not fit.
    """
    network, dataset = checkpoints.untrained(study, 0).eval(), data.DATASETS[study.dataset]
    if networks.weights_digest(study.network):
        networks.load_pretrained(network, study.network)
    layers.check_network(network)
    expected = [2, len(dataset.classes)]
    try:
        with torch.no_grad():
            got = list(network(torch.zeros(2, *dataset.image_shape)).shape)
    except RuntimeError as error:
        got = f"{type(error).__name__}: {error}"
    if got != expected:
        raise ValueError(
            f"network {study.network!r}: got {got} for two images of shape {list(dataset.image_shape)}, "
            f"expected logits of shape {expected}; take num_classes, and check what forward returns"
        )


def images_to_train(study: Study, todo: list[Cell]) -> int:
    """How many images the networks still have to see, all epochs together."""
    images = len(_training_part(study)[0])
    parent = 0 if networks.weights_digest(study.network) else study.recipe.epochs
    epochs = [study.retrain_recipe.epochs if cycle else parent for _, _, cycle in todo]
    return images * sum(epochs)


def train_chains(
    study: Study, chains: list[Chain], folder: Path, device: torch.device, bar: Progress, wait: bool = True
) -> list[Chain]:
    """Bring chains to their end, as :func:`run_chains` does, and keep other processes from the same work meanwhile.

    Args:
        study, chains, folder, device, bar: see :func:`run_chains`.
        wait: for a process that already trains one of them, and find it done; else that chain is left to it.

    Returns:
        the chains that were left to other processes.
    """
    left = []
    with contextlib.ExitStack() as claims:
        for chain in sorted(chains):  # in one order: two processes never wait for each other
            name = chain_name(study, chain)
            try:
                claims.enter_context(store.claim(store.lock_file(folder, name), wait=False))
            except store.Claimed:
                if wait:
                    bar.say(f"waiting for another process, which trains {name}")
                    claims.enter_context(store.claim(store.lock_file(folder, name)))
                else:
                    left.append(chain)
        run_chains(study, [chain for chain in chains if chain not in left], folder, device, bar)
    return left


def run_chains(study: Study, chains: list[Chain], folder: Path, device: torch.device, bar: Progress) -> None:
    """Bring chains to their end: ``(method, repetition)`` or, for line 2 alone, ``("parent", repetition)``.

    On CUDA they go side by side, one cycle of each at once; on a CPU, where that wins nothing, one after the other.
    A chain ends early, with a note in the store and a line in the log, where the next keep ratio cannot be reached
    without losing a whole layer. One whose loss is no longer finite ends, too, without stopping the others.

    Raises:
        training.Diverged: after all others are at their end, for the chains whose loss was no longer finite.
        OSError: the store cannot be written.
    """
    todo = pending(study, folder)
    queues = {chain: [cell for cell in todo if cell[:2] == chain] for chain in chains}
    groups = [chains] if device.type == "cuda" else [[chain] for chain in chains]
    diverged = []
    for group in groups:
        while cells_now := [queues[chain].pop(0) for chain in group if queues[chain]]:
            for cell, failure in _run_cells(study, cells_now, folder, device, bar).items():
                queues[cell[:2]].clear()
                if isinstance(failure, Diverged):
                    diverged.append(f"{path_of(study, cell, folder).name}: {failure}")
    if diverged:
        raise Diverged("\n".join(diverged))


def _run_cells(
    study: Study, todo: list[Cell], folder: Path, device: torch.device, bar: Progress
) -> dict[Cell, Diverged | pruning.VanishedLayer]:
    """Prune, train at once, and save; returns the cells that have no result, and why."""
    started, failures, runs = time.monotonic(), {}, {}
    for cell in todo:
        bar.say(_in_words(study, cell))
        if cell[2] == 0 and networks.weights_digest(study.network):
            _save_pretrained(study, cell, folder, device)
            continue
        try:
            runs[cell] = _pruned(study, cell, folder, device, bar)
        except pruning.VanishedLayer as reason:
            log.warning("%s ends before cycle %d: %s", cell[0], cell[2], reason)
            store.write_whole(note_path(study, cell, folder), lambda part, text=str(reason): part.write_text(text))
            failures[cell] = reason
    if len(runs) > 1:
        bar.say(f"{len(runs)} networks at once, {_in_words(study, todo[0])} to {_in_words(study, todo[-1])}")
    histories = train_together(list(runs.values()), bar.step)
    for (cell, run), history in zip(runs.items(), histories, strict=True):
        if isinstance(history, Diverged):
            failures[cell] = history
        else:
            _save(study, cell, folder, run, history, (time.monotonic() - started) / len(runs))
    return failures


def _in_words(study: Study, cell: Cell) -> str:
    method, repetition, cycle = cell
    where = f", cycle {cycle} of {len(study.ladder)}" if cycle else ""
    return f"{method}, repetition {repetition + 1} of {study.repetitions}{where}"


def _pruned(study: Study, cell: Cell, folder: Path, device: torch.device, bar: Progress) -> Run:
    """Lines 1 and 5 of Algorithm 1: the network that a cell trains, new or pruned further."""
    method, repetition, cycle = cell
    images, labels, samples = (tensor.to(device) for tensor in _training_part(study))
    seed = study.seed_for("train", *cell)
    if cycle == 0:
        return Run(
            checkpoints.untrained(study, repetition).to(device), images, labels, study.recipe, seed, study.dataset
        )
    before = ("parent", repetition, 0) if cycle == 1 else (method, repetition, cycle - 1)
    loaded = checkpoints.load(study, before, folder, device)
    if loaded is None:  # damaged since the chain began: make it again, then go on
        for failure in _run_cells(study, [before], folder, device, bar).values():
            raise failure
        loaded = checkpoints.load(study, before, folder, device)
    network, masks, _ = loaded
    for keep_ratio in study.ladder[cycle - 1]:  # in one step or several
        masks = pruning.prune(network, method, keep_ratio, samples, masks or None)
        pruning.apply(network, masks)
    return Run(network, images, labels, study.retrain_recipe, seed, study.dataset, masks)


def _save(study: Study, cell: Cell, folder: Path, run: Run, history: list[dict], seconds: float) -> None:
    network, masks = run.network, run.masks or {}
    facts = {
        "prune_ratio": pruning.prune_ratio(network, masks),
        "flop_reduction": pruning.flop_reduction(network, masks, tuple(run.images.shape[1:])),
        "engine": history[-1]["engine"] if history else None,
        "history": history,
        "seconds": seconds,
        **provenance(run.images.device),
    }
    checkpoints.save(study, cell, folder, network, masks, facts)


def _save_pretrained(study: Study, cell: Cell, folder: Path, device: torch.device) -> None:
    """Line 2 of Algorithm 1 for a network that was trained elsewhere: its weights become the parent's checkpoint."""
    network = checkpoints.untrained(study, cell[1])
    networks.load_pretrained(network, study.network)
    facts = {
        "prune_ratio": 0.0,
        "flop_reduction": 0.0,
        "engine": None,
        "history": [],
        "seconds": 0.0,
        "weights_sha256": networks.weights_digest(study.network),
        **provenance(device),
    }
    checkpoints.save(study, cell, folder, network, {}, facts)


@functools.lru_cache(maxsize=1)
def _training_part(study: Study) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images uint8 [n,3,h,w], labels int64 [n], and the samples S as network inputs float32 [s,3,h,w]."""
    split = data.load(study.dataset, "train")
    size = pruning.sample_size(checkpoints.untrained(study, 0), tuple(split.images.shape[1:]))
    train_part, _, sample_part = data.split_training(len(split.images), study.seed_for("split"), size)
    train_part = train_part[: study.scale.train_images]
    samples = data.normalize(split.images[sample_part], study.dataset)
    return split.images[train_part], split.labels[train_part], samples
