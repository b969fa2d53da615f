"""``lostprune bench train``: the training engine against the plain loop."""

from __future__ import annotations

import statistics

import torch

from .. import data, networks
from ..foundations.choices import check_choice
from ..foundations.device import default_device
from ..study import Study
from ..training import TRAIN_CORRUPTIONS, Run, keep_freed_memory
from ..training.loop import run_epoch
from ..training.trainer import Trainer
from . import beside as neighbour
from . import floors, report
from .plain_loop import PlainLoop

DATASET, IMAGES = "cifar10", 45_000
BESIDE_STEPS = 4  # a round beside a busy program, twice as slow at best


def measure(
    network: str = "resnet20",
    together: int | None = None,
    steps: int | None = None,
    rounds: int = 5,
    beside: bool = False,
    training: str = "nominal",
) -> dict:
    """Images per second of the engine, alone and with several networks at once, and of the plain loop.

    The plain loop (``tests/reference/training.py``) runs in a process of its own, since the engine changes how this
    one keeps memory; the ways take turns. The engine's time holds all that an epoch takes, augmentation included.

    Args:
        network: a registered network; it trains with its recipe's batch size.
        together: how many networks train at once; ``None`` takes 12 on CUDA and 2 on a CPU.
        steps: steps of each network in a round, at least 1; ``None`` takes a whole epoch on CUDA and 20 on a CPU.
        rounds: how often each way is timed, at least 1.
        beside: measure a few steps beside a busy program, too; see ``beside.measure`` for what that adds.
        training: a key of ``lostprune.training.TRAIN_CORRUPTIONS``; one that is not nominal is timed in turn with it.

    Returns:
        What was run on what; ``images_per_second`` of the ``engine``, of all networks ``together`` and of the
        ``plain`` loop; ``step_seconds`` (medians); ``ratio``, engine over plain in images per second, and
        ``together_ratio``, all networks over one; ``hours`` of a training and of a chain of the paper; ``floors``. With
        another training also what its epochs take beside nominal ones, seconds over seconds: ``robust_over_nominal``.

    Raises:
        ValueError: an unknown network, device or training, or ``beside`` without a CPU.
        BenchError: the checkout with the plain loop is not there.
    """
    check_choice("training", training, TRAIN_CORRUPTIONS)
    device, recipe = default_device(), networks.recipe_for(network)
    report.reference("training")
    on_cuda = device.type == "cuda"
    if beside and device.type != "cpu":
        raise ValueError(f"beside: got device {device}, expected cpu: threads share a CPU; set LOSTPRUNE_DEVICE=cpu")
    keep_freed_memory()
    split = data.load(DATASET, "train")
    count = IMAGES if steps is None and on_cuda else min(IMAGES, recipe.batch_size * (steps or 20))
    images, labels = split.images[:count].to(device), split.labels[:count].to(device)
    trainers = []
    together = together or (12 if on_cuda else 2)
    for seed, kind in enumerate(["nominal"] * together + [training] * (training != "nominal")):
        torch.manual_seed(seed)
        run = Run(networks.build(network).to(device), images, labels, recipe, seed, training=kind)
        trainers.append(Trainer(run))
        trainers[-1].prepare()
    trainers, altered = trainers[:together], trainers[together:]

    def images_per_second(some: list[Trainer]) -> float:
        return len(some) * count / report.seconds_of(lambda: run_epoch(some, 0, None), device)

    rates = {"engine": [], "together": [], "plain": []}
    with PlainLoop(network, IMAGES, steps or 20) as plain:
        images_per_second(trainers + altered)  # not timed
        for _ in range(rounds):
            rates["engine"].append(images_per_second(trainers[:1]))
            if altered:
                rates.setdefault(training, []).append(images_per_second(altered))
            rates["plain"].append(plain.images_per_second())
            rates["together"].append(images_per_second(trainers))
    over_nominal = {f"{training}_over_nominal": _ratio(rates["engine"], rates.pop(training))} if altered else {}
    busy = {}
    if beside:
        few = slice(recipe.batch_size * min(steps or BESIDE_STEPS, BESIDE_STEPS))
        trainer = Trainer(Run(networks.build(network), images[few], labels[few], recipe, 0))
        trainer.prepare()
        busy = neighbour.measure(lambda: run_epoch([trainer], 0, None), device, rounds)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    engine = trainers[0].engine
    shape = tuple(images.shape[1:])
    return {
        **report.facts("train", device),
        "network": network,
        "batch_size": recipe.batch_size,
        "engine": engine.name,
        "networks_together": len(trainers),
        "images_per_second": {name: report.spread(values) for name, values in rates.items()},
        "step_seconds": {name: recipe.batch_size / median for name, median in medians.items()},
        "ratio": _ratio(rates["engine"], rates["plain"]),
        "together_ratio": _ratio(rates["together"], rates["engine"]),
        **over_nominal,
        "hours": _hours(network, medians),
        "floors": floors.of("training", trainers[0].network, shape, engine.bfloat16, max(medians["engine"], 1e-9)),
        **busy,
    }


def _ratio(one: list[float], other: list[float]) -> dict:
    return report.spread([a / b for a, b in zip(one, other, strict=True)])


def _hours(network: str, images_per_second: dict[str, float]) -> dict[str, dict[str, float]]:
    """What the paper's training, and a chain of all its cycles, would take at these rates."""
    study = Study(network=network, scale="paper")
    epochs = {"training": study.recipe.epochs, "chain": len(study.ladder) * study.retrain_recipe.epochs}
    return {
        way: {what: IMAGES * count / rate / 3600 for what, count in epochs.items()}
        for way, rate in images_per_second.items()
    }


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    study = Study(network=measured["network"], scale="paper")
    names = {
        "engine": f"engine {measured['engine']}",
        "together": f"{measured['networks_together']} networks at once",
        "plain": "plain loop",
    }
    lines = [
        f"training {measured['network']}, batches of {measured['batch_size']}, on {measured['device']} "
        f"({measured['processor']}); torch {measured['torch_version']}, {measured['date']}",
        *(
            f"{name:>22}  median (range) {report.in_words(measured['images_per_second'][way], digits=0)} images/s; "
            f"{1000 * measured['step_seconds'][way]:.2f} ms a step; {measured['hours'][way]['training']:.2f} h for "
            f"{study.recipe.epochs} epochs, {measured['hours'][way]['chain']:.1f} h for {len(study.ladder)} cycles"
            for way, name in names.items()
        ),
        f"engine over plain loop: {report.in_words(measured['ratio'], digits=2)}; together over alone: "
        f"{report.in_words(measured['together_ratio'], digits=2)}",
        *(
            f"an epoch of {name.removesuffix('_over_nominal')} training over a nominal one, corruptions included: "
            f"{report.in_words(value, digits=3)}"
            for name, value in measured.items()
            if name.endswith("_over_nominal")
        ),
        floors.in_words(measured["floors"]),
        *([neighbour.in_words(measured)] if "beside_over_one_thread" in measured else []),
    ]
    return "\n".join(lines)
