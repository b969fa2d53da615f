"""PruneRetrain (Algorithm 1 of the paper), resumable: one chain of cycles for every method and repetition.

Each finished cycle is a checkpoint of its own. A cycle starts from what the checkpoint before it says, never from
memory, so that a run that was killed and started again ends bitwise where an unbroken one ends (on one CPU).
"""

from __future__ import annotations

import functools
import logging
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import nn

from . import data, networks, pruning, store
from .networks.registry import RANDOM_STATE
from .progress import Progress
from .pruning import layers
from .study import Study
from .training import Diverged, Run, train_together

log = logging.getLogger("lostprune")
Chain = tuple[str, int]  # method or "parent", repetition
Cell = tuple[str, int, int]  # method, repetition, cycle; cycle 0 is the unpruned parent, whatever the method


def cells(study: Study) -> list[Cell]:
    """What has to be trained, parents first: ``("parent", repetition, 0)`` and ``(method, repetition, cycle)``."""
    repetitions, cycles = range(study.repetitions), range(1, len(study.ladder) + 1)
    return [("parent", repetition, 0) for repetition in repetitions] + [
        (method, repetition, cycle) for repetition in repetitions for method in study.methods for cycle in cycles
    ]


def check_network(study: Study) -> None:
    """Whether the study's network can be run at all; asked before any work.

    Raises:
        ValueError: it has no prunable layer, its weights are not finite, or it does not turn images into one logit
            for each class.
    """
    network, dataset = _new_network(study, 0).eval(), data.DATASETS[study.dataset]
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


def path_of(study: Study, cell: Cell, folder: Path) -> Path:
    """Where a cell's checkpoint lies (without suffix)."""
    method, repetition, cycle = cell
    name = f"{method}-r{repetition}-c{cycle:02d}" if cycle else f"parent-r{repetition}"
    return folder / "checkpoints" / study.training_key / name


def _note_path(study: Study, cell: Cell, folder: Path) -> Path:
    return path_of(study, cell, folder).with_suffix(".unreachable")


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
    network = _new_network(study, cell[1])
    network.load_state_dict(_with_prefix(tensors, "state/"))
    masks = {name: mask.to(device) for name, mask in _with_prefix(tensors, "mask/").items()}
    return network.to(device).eval(), masks, facts


def is_done(study: Study, cell: Cell, folder: Path) -> bool:
    """Whether a cell's checkpoint is whole."""
    return store.is_whole(path_of(study, cell, folder))


def unreachable(study: Study, folder: Path) -> dict[str, str]:
    """Of every chain that ended early: the cell whose keep ratio would have cost a whole layer, and the reason."""
    notes = {cell: _note_path(study, cell, folder) for cell in cells(study)}
    return {path_of(study, cell, folder).name: note.read_text() for cell, note in notes.items() if note.exists()}


def pending(study: Study, folder: Path) -> list[Cell]:
    """The cells that are still to be trained, parents first; none beyond the end of a chain that ended early."""
    ended = {cell for cell in cells(study) if _note_path(study, cell, folder).exists()}
    return [
        cell
        for cell in cells(study)
        if not any(end[:2] == cell[:2] and end[2] <= cell[2] for end in ended) and not is_done(study, cell, folder)
    ]


def images_to_train(study: Study, todo: list[Cell]) -> int:
    """How many images the networks still have to see, all epochs together."""
    images = len(_training_part(study)[0])
    epochs = [study.retrain_recipe.epochs if cycle else study.recipe.epochs for _, _, cycle in todo]
    return images * sum(epochs)


def run_chain(study: Study, method: str, repetition: int, folder: Path, device: torch.device, bar: Progress) -> None:
    """Bring one chain to its end: ``run_chains`` of this one alone."""
    run_chains(study, [(method, repetition)], folder, device, bar)


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
        try:
            runs[cell] = _pruned(study, cell, folder, device, bar)
        except pruning.VanishedLayer as reason:
            log.warning("%s ends before cycle %d: %s", cell[0], cell[2], reason)
            store.write_whole(_note_path(study, cell, folder), lambda part, text=str(reason): part.write_text(text))
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
        return Run(_new_network(study, repetition).to(device), images, labels, study.recipe, seed, study.dataset)
    before = ("parent", repetition, 0) if cycle == 1 else (method, repetition, cycle - 1)
    loaded = load(study, before, folder, device)
    if loaded is None:  # damaged since the chain began: make it again, then go on
        for failure in _run_cells(study, [before], folder, device, bar).values():
            raise failure
        loaded = load(study, before, folder, device)
    network, masks, _ = loaded
    for keep_ratio in study.ladder[cycle - 1]:  # in one step or several
        masks = pruning.prune(network, method, keep_ratio, samples, masks or None)
        pruning.apply(network, masks)
    return Run(network, images, labels, study.retrain_recipe, seed, study.dataset, masks)


def _save(study: Study, cell: Cell, folder: Path, run: Run, history: list[dict], seconds: float) -> None:
    network, masks = run.network, run.masks or {}
    facts = {
        "study": study.training_key,
        "cell": list(cell),
        "prune_ratio": pruning.prune_ratio(network, masks),
        "flop_reduction": pruning.flop_reduction(network, masks, tuple(run.images.shape[1:])),
        "engine": history[-1]["engine"],
        "history": history,
        "seconds": seconds,
        **provenance(run.images.device),
    }
    tensors = {f"state/{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"mask/{name}": mask for name, mask in masks.items()}
    store.save_checkpoint(path_of(study, cell, folder), tensors, facts)


def provenance(device: torch.device) -> dict[str, str]:
    """What a result was made with: versions, device, date (UTC, ISO 8601)."""
    from . import __version__

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return {
        "lostprune_version": __version__,
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "device": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _new_network(study: Study, repetition: int) -> nn.Module:
    """Line 1 of Algorithm 1: the random initialisation of a repetition; the caller's random state stays as it was."""
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(study.seed_for("initialise", repetition))
        return networks.build(study.network, len(data.DATASETS[study.dataset].classes))


@functools.lru_cache(maxsize=1)
def _training_part(study: Study) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images uint8 [n,3,h,w], labels int64 [n], and the samples S as network inputs float32 [s,3,h,w]."""
    split = data.load(study.dataset, "train")
    size = pruning.sample_size(_new_network(study, 0), tuple(split.images.shape[1:]))
    train_part, _, sample_part = data.split_training(len(split.images), study.seed_for("split"), size)
    train_part = train_part[: study.scale.train_images]
    samples = data.normalize(split.images[sample_part], study.dataset)
    return split.images[train_part], split.labels[train_part], samples


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
