"""Tables 3, 5 and 7: how networks are trained, pruned and retrained, and how much of it a study runs."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pandas as pd

from .. import corruptions, data, pruning, published
from ..published.disagreements import DISAGREEMENTS
from ..published.labels import label, network_label
from ..study import Study
from ..training import Recipe
from .table import MISSING, Table

_TABLES = {"cifar10": "Table 3", "imagenet": "Table 5", "voc": "Table 7"}  # of recipes, in the paper
_NOTATION = (
    "`0.1@{91, 136}` says that the learning rate is multiplied by 0.1 after epochs 91 and 136, `{30, …}` that it is "
    "every 30 epochs. γ is the failure probability of SiPP and PFP, α the share of the parameters that a cycle keeps."
)


def what_is_run(study: Study, name: str) -> Table:
    """How much of the paper's study a study runs, beside all of it.

    Args:
        study: any; the paper's numbers are those of its recipe, or of a ResNet's for a network of the user's own.
        name: label in the book.
    """
    paper = dataclasses.replace(study, scale="paper", repetitions=None)
    columns = {f"scale {study.scale.name}": _amounts(study), "paper": _amounts(paper)}
    columns["paper"]["corruptions"] = str(published.CORRUPTIONS)
    return Table(
        pd.DataFrame(columns).rename_axis(""),
        f"What is run, and what the paper runs ({network_label(study.network)}).",
        name,
    )


def recipe(study: Study, name: str) -> Table:
    """Table 3, 5 or 7: the hyperparameters that the paper prints, and those of a study and of the scale ``paper``.

    Args:
        study: any; the paper's column has a dash for everything that is not in the paper.
        name: label in the book.
    """
    whole = dataclasses.replace(study, scale="paper", repetitions=None)
    covered = published.covers(study.network, study.dataset)
    printed = published.recipes()[study.network] if covered else dict.fromkeys(published.HYPERPARAMETERS, MISSING)
    # A scale of the user's own may have any name but those of the others.
    columns = {"paper, as printed": printed, "here, scale paper": _recipe(whole)}
    columns[f"here, scale {study.scale.name}"] = _recipe(study)
    frame = pd.DataFrame(columns).loc[list(published.HYPERPARAMETERS)].rename(index=published.HYPERPARAMETERS)
    table = _TABLES.get(study.dataset, "table")
    caption = (
        f"How {network_label(study.network)} is trained and pruned, and what the paper's {table} prints. {_NOTATION}"
    )
    return Table(frame.rename_axis(""), caption, name)


def recipes(name: str, dataset: str = "cifar10") -> Table:
    """Table 3, 5 or 7 as it is run here at the scale ``paper``: a column for networks that share a recipe and a ladder.

    Args:
        name: label in the book.
        dataset: the networks' data set: ``"cifar10"`` (Table 3), ``"imagenet"`` (Table 5) or ``"voc"`` (Table 7).

    Brackets show what the paper prints where it differs.
    """
    columns: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for network, printed in published.recipes().items():
        if published.covers(network, dataset):
            run = _recipe(Study(network=network, dataset=dataset, scale="paper"))
            cells = [(key, cell if cell == printed[key] else f"{cell} ({printed[key]})") for key, cell in run.items()]
            columns.setdefault(tuple(cells), []).append(network_label(network))
    frame = pd.DataFrame({", ".join(networks): dict(cells) for cells, networks in columns.items()})
    caption = (
        f"The recipes on {label(dataset)}, as they are run here at the scale `paper`; in brackets what the paper's "
        f"{_TABLES[dataset]} prints where that is something else. {_NOTATION}"
    )
    return Table(frame.rename(index=published.HYPERPARAMETERS).rename_axis(""), caption, name)


def disagreements(name: str, network: str | None = None, training: str = "nominal") -> Table | None:
    """Where the paper and the original code disagree about networks, training and pruning, and what is done here.

    Args:
        name: label in the book.
        network: name; ``None`` for all of them.
        training: ``"nominal"``, or ``"robust"`` for what concerns robust training alone.

    Returns:
        ``None`` if there is nothing to say about the network, such as for one of the user's own.
    """
    rows, last = {}, None
    for one in DISAGREEMENTS:
        if one.training == training and (network is None or network in one.networks):
            setting = published.HYPERPARAMETERS.get(one.what, one.what)
            if network is None:
                setting += f": {', '.join(map(network_label, one.networks))}"
            why = ", for the same reason." if one.why == last else f". {one.why}"
            rows[setting] = (one.paper, one.code, f"as in the {one.chosen}{why}")
            last = one.why
    if not rows:
        return None
    frame = pd.DataFrame.from_dict(rows, "index", columns=["paper", "original code", "here"]).rename_axis("setting")
    whose = "" if network is None else f" about {network_label(network)}"
    whose += " in robust training" * (training == "robust")
    caption = (
        f"Where the paper and the code that it points to disagree{whose}, and what is done here at the scale `paper`."
    )
    return Table(frame, caption, name)


def _amounts(study: Study) -> dict[str, str]:
    whole = {split: part.count for split, part in data.DATASETS[study.dataset].parts.items()}
    keep = [cycle[-1] for cycle in study.ladder]
    return {
        "training images": _twice(study.train_images, study.retrain_images, ","),
        "test images": f"{min(study.scale.test_images or whole['test'], whole['test']):,}",
        "epochs of training": f"{study.recipe.epochs}",
        "epochs of each retraining": f"{study.retrain_recipe.epochs}",
        "prune-retrain cycles": f"{len(keep)}",
        "of the parameters kept": f"{keep[0]:.0%} after the first, {keep[-1]:.0%} after the last",
        "corruptions": f"{len(corruptions.NAMES if study.scale.corruptions is None else study.scale.corruptions)}",
        "repetitions": f"{study.repetitions}",
    }


def _recipe(study: Study) -> dict[str, str]:
    """What a study runs, under the names and in the spelling of :func:`lostprune.published.recipes`."""
    recipe, again = study.recipe, study.retrain_recipe
    keep = [cycle[-1] for cycle in study.ladder]
    shares = [after / before for before, after in zip([1.0, *keep[:-1]], keep, strict=True)]
    low, high = f"{min(shares):.2f}", f"{max(shares):.2f}"
    return {
        "epochs": _twice(recipe.epochs, again.epochs),
        "warmup": _twice(recipe.warmup_epochs, again.warmup_epochs),
        "batch_size": f"{recipe.batch_size}",
        "learning_rate": _twice(recipe.learning_rate, again.learning_rate),
        "decay": _decay(recipe),
        "momentum": f"{recipe.momentum:g}",
        "nesterov": "yes" if recipe.nesterov else "no",
        "weight_decay": f"{recipe.weight_decay:.1e}".replace("e-0", "e-"),
        "gamma": f"{inspect.signature(pruning.sample_size).parameters['delta'].default:.1e}",
        "alpha": low if low == high else f"{low} to {high}",
    }


def _twice(training: float, retraining: float, spec: str = ".3g") -> str:
    same = f"{training:{spec}}"
    return same if training == retraining else f"{same}; retraining: {retraining:{spec}}"


def _decay(recipe: Recipe) -> str:
    """As the paper prints it, such as ``0.1@{91, 136}`` or ``(1 - "step"/"total steps")^0.9``."""
    steps = f"{recipe.decay:g}@{{{_milestones(recipe)}}}" if recipe.milestones else ""
    power = f'(1 - "step"/"total steps")^{recipe.polynomial_power:g}' if recipe.polynomial_power else ""
    return " and ".join(filter(None, (steps, power))) or MISSING


def _milestones(recipe: Recipe) -> str:
    """``91, 136``; ``30, …`` if the learning rate falls every 30 epochs, to the end."""
    first, count = recipe.milestones[0], len(recipe.milestones)
    evenly = np.allclose(recipe.milestones, first * np.arange(1, count + 1)) and first * (count + 1) >= recipe.epochs
    shown = recipe.milestones[:1] if evenly and count > 1 else recipe.milestones
    return ", ".join([f"{milestone:.3g}" for milestone in shown] + ["…"] * (len(shown) < count))
