"""``lostprune bench error``: what an engine does to the test error, and what a whole training takes with it."""

from __future__ import annotations

import statistics
import time

import torch

from .. import data, networks, published
from ..foundations.device import default_device
from ..foundations.progress import Progress
from ..measurement import inference
from ..training import Diverged, Run, engines_for, train_together
from . import report

DATASET = "cifar10"


def measure(
    network: str = "resnet20",
    engines: tuple[str, ...] = (),
    count: int = 3,
    epochs: int | None = None,
    images: int | None = None,
) -> dict:
    """Train ``count`` networks at once with each engine, from the same seeds, and test them.

    Args:
        network: a registered network.
        engines: names of :data:`lostprune.training.ENGINES`; none takes what the device would use, and float32.
        count: networks, each with its own seed, at least 1.
        epochs: epochs of a shortened recipe; ``None`` takes the paper's.
        images: how many of the 45,000 training images to use; ``None`` takes all.

    Returns:
        What was run on what; for each engine ``error`` (test errors, fractions), their ``mean`` and ``std`` (ddof 1)
        and the ``seconds`` of the training; ``published``, the paper's error of the whole recipe (Table 3).

    Raises:
        ValueError: an unknown network, engine or device.
        Diverged: a loss is no longer finite.
    """
    device = default_device()
    engines = engines or tuple(dict.fromkeys((engines_for(device)[0].name, "float32")))
    recipe = networks.recipe_for(network).shortened(epochs, None)
    train, test = data.load(DATASET, "train"), data.load(DATASET, "test")
    part = data.split_training(len(train.labels), seed=0, samples=0)[0][:images]
    found = {}
    for engine in engines:
        runs = []
        for seed in range(count):
            torch.manual_seed(seed)
            fresh = networks.build(network).to(device)
            on_device = train.images[part].to(device), train.labels[part].to(device)
            runs.append(Run(fresh, *on_device, recipe, seed, DATASET, engine=engine))
        found[engine] = _tested(runs, test)
    rates = published.error_rates().top1_error
    return {
        **report.facts("error", device),
        "network": network,
        "epochs": recipe.epochs,
        "training_images": len(part),
        "engines": found,
        "published": float(rates.sel(network=network)) if network in rates.network else None,
    }


def _tested(runs: list[Run], test: data.Split) -> dict:
    started, images = time.perf_counter(), len(runs) * runs[0].recipe.epochs * len(runs[0].images)
    with Progress(images, f"{len(runs)} networks with {runs[0].engine}", " images") as bar:
        histories = train_together(runs, bar.step)
    seconds = time.perf_counter() - started
    for history in histories:
        if isinstance(history, Diverged):
            raise history
    device = runs[0].images.device
    inputs = data.normalize(test.images.to(device), DATASET)
    task, labels = data.DATASETS[DATASET].task, test.labels.to(device)
    logits = inference.each([run.network for run in runs], inputs)
    errors = [task.error(task.counts(one, labels)) for one in logits]
    return {
        "engine": histories[0][-1]["engine"],
        "errors": errors,
        "mean": statistics.mean(errors),
        "std": statistics.stdev(errors) if len(errors) > 1 else None,
        "seconds": seconds,
        "images_per_second": images / seconds,
    }


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    paper = measured["published"]
    lines = [
        f"test error of {measured['network']} after {measured['epochs']} epochs of {measured['training_images']:,} "
        f"images, on {measured['device']} ({measured['processor']}); torch {measured['torch_version']}"
    ]
    for name, found in measured["engines"].items():
        spread = "" if found["std"] is None else f" ± {found['std']:.2%}"
        fallback = "" if found["engine"] == name else f" (ran with {found['engine']})"
        lines.append(
            f"{name:>15}{fallback}  {found['mean']:.2%}{spread} over {len(found['errors'])} networks trained at once "
            f"in {found['seconds']:,.0f} s, {found['images_per_second']:,.0f} images/s"
        )
    return "\n".join(lines + [f"{'the paper':>15}  {paper:.2%}, its whole recipe"] * (paper is not None))
