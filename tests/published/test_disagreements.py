"""Every place where the recipes differ from the paper's Tables 3, 5 and 7 is named, with what stands there."""

from __future__ import annotations

import re

import pytest

from lostprune import corruptions, data, networks, published
from lostprune.networks import ladder_for, recipe_for, retrain_recipe_for
from lostprune.published.disagreements import DISAGREEMENTS
from lostprune.training import TRAIN_CORRUPTIONS

NETWORKS = tuple(published.NETWORKS)
CIFAR = [network for network in NETWORKS if published.covers(network, "cifar10")]


def _table(network: str) -> dict:
    """Table 3, 5 or 7, read: numbers, and milestones by the caption's rule: "{30, …}" is every 30 epochs."""
    row = published.recipes()[network]
    numbers = {name: float(row[name]) for name in ("epochs", "batch_size", "learning_rate", "momentum", "weight_decay")}
    numbers |= {"warmup": float(row["warmup"]), "nesterov": {"yes": True, "no": False}[row["nesterov"]]}
    if power := re.search(r"\^(.+)", row["decay"]):
        return numbers | {"decay": (1.0,), "power": float(power[1])}
    decay, listed = re.fullmatch(r"([\d.]+)@\{(.+)\}", row["decay"]).groups()
    epochs, first = int(row["epochs"]), int(listed.split(",")[0])
    every = range(first, epochs, first) if "…" in listed else map(int, listed.split(","))
    return numbers | {"decay": (float(decay), *every), "power": 0.0}


def _ours(network: str) -> dict:
    recipe = recipe_for(network)
    names = ("epochs", "batch_size", "learning_rate", "momentum", "weight_decay", "nesterov")
    values = {name: getattr(recipe, name) for name in names}
    values |= {"warmup": recipe.warmup_epochs, "power": recipe.polynomial_power}
    return values | {"decay": (recipe.decay, *recipe.milestones)}


def _about(training: str) -> list:
    return [each for each in DISAGREEMENTS if each.training == training]


def _named(what: str, training: str = "nominal") -> dict:
    return {network: each for each in _about(training) if each.what == what for network in each.networks}


@pytest.mark.parametrize("network", NETWORKS)
def test_exactly_the_rows_that_differ_are_named(network):
    paper, ours = _table(network), _ours(network)
    differing = {name for name in paper if paper[name] != ours[name]}
    assert differing == {each.what for each in _about("nominal") if network in each.networks} & set(paper)


def test_what_is_said_about_a_recipe_is_what_it_does():
    for network, warmup in _named("warmup").items():
        assert warmup.code == str(recipe_for(network).warmup_epochs)
        assert warmup.paper == published.recipes()[network]["warmup"]
    recipe, decay = recipe_for("wrn16_8"), _named("decay")["wrn16_8"]
    assert decay.code == f"{recipe.decay}@{{{', '.join(map(str, recipe.milestones))}}}"
    retraining = _named("epochs of each retraining")
    assert set(retraining) == {network for network in CIFAR if recipe_for(network) != retrain_recipe_for(network)}
    assert retraining["vgg16"].code.startswith(f"{retrain_recipe_for('vgg16').epochs}:")


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_said_about_a_ladder_is_what_it_does(network):
    ratios = [cycle[-1] for cycle in ladder_for(network).cycles]
    said = _named("alpha")[network]
    assert said.paper.startswith(published.recipes()[network]["alpha"])
    assert said.code.startswith(f"{ratios[0]:.2f} in the first cycle, then {ratios[1] / ratios[0]:.3f} down to")
    in_two_parts = "steps" in said.code or "from" in said.code
    assert said.code.endswith(f"down to {100 * ratios[-1]:g}%" + " of all parameters" * (not in_two_parts))
    steps = _named("pruning steps in a cycle")
    assert len(ladder_for(network).cycles[0]) == (3 if network in steps else 1)
    assert network not in CIFAR or "three" in steps[network].code


@pytest.mark.parametrize("network", CIFAR)
def test_what_is_said_about_a_robust_ladder_is_what_it_does(network):
    ladder, said = ladder_for(network, "robust").cycles, _named("alpha", "robust")[network]
    ratios = [cycle[-1] for cycle in ladder]
    first, factor, last = f"{ratios[0]:.2f}", f"{ratios[1] / ratios[0]:.3f}", f"{100 * ratios[-1]:g}%"
    assert said.code == f"{first} in the first cycle, then {factor} down to {last} of all parameters"
    assert {len(cycle) for cycle in ladder} == {1}


def test_what_is_said_about_the_corruptions_in_training_is_what_the_paper_prints_and_what_is_done():
    columns = published.train_and_test_distribution()
    printed = {
        group: {name for category, names in categories.items() if category != "nominal" for name in names}
        for group, categories in columns.items()
    }
    assert len(printed["train"]) == 8 and len(TRAIN_CORRUPTIONS["robust"]) == 9
    assert set(TRAIN_CORRUPTIONS["robust"]) - printed["train"] == {"gaussian_blur"}
    missing = set(corruptions.NAMES) - printed["train"] - printed["test"]
    assert missing == {"gaussian_blur", "speckle_noise", "spatter", "saturate"}


def test_what_is_said_about_the_constants_is_so():
    images = data.load("cifar10", "train").images[:100]

    def change(name: str, constants: str) -> float:
        return (corruptions.corrupt(images, name, 3, constants).float() - images).abs().mean().item()

    ratios = [change(name, "imagenet-c") / change(name, "cifar10-c") for name in TRAIN_CORRUPTIONS["robust"]]
    assert sum(1.05 < ratio < 3.4 for ratio in ratios) == 8


def test_every_disagreement_is_decided_and_explained():
    for each in DISAGREEMENTS:
        assert set(each.networks) <= set(networks.names())
        assert each.chosen in ("paper", "code") and each.training in ("nominal", "robust")
        assert each.paper != each.code and each.why.endswith(".")
