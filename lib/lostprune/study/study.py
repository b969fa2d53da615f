"""What is run: a Study names it, and makes the key of its results."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from .. import data, networks
from ..foundations.choices import choose
from ..pruning import METHODS, multiply_adds
from ..training.recipes import Recipe
from .scales import SCALES, Scale

TRAININGS = ("nominal",)


@dataclass(frozen=True)
class Study:
    """One cell of the paper's grid of experiments: frozen, validated, hashable.

    Args:
        network: a registered network (``lostprune.networks.names()``).
        dataset: a data set with a training part (``lostprune.data.trainable()``).
        training: ``"nominal"``.
        methods: pruning methods by the paper's abbreviations (Table 1).
        repetitions: at least 1; ``None`` takes the scale's.
        scale: ``"smoke"``, ``"quick"``, ``"reduced"``, ``"paper"`` or a :class:`Scale` of your own with another name.
        seed: non-negative; with the same seed on the same CPU a study repeats bitwise.

    Raises:
        ValueError, TypeError: an argument is not one of the above; nothing has been run then.
    """

    network: str = "resnet20"
    dataset: str = "cifar10"
    training: str = "nominal"
    methods: tuple[str, ...] = METHODS
    repetitions: int | None = None
    scale: str | Scale = "quick"
    seed: int = 0

    def __post_init__(self) -> None:
        choose("network", self.network, networks.names())
        choose("dataset", self.dataset, data.trainable())
        choose("training", self.training, TRAININGS)
        if isinstance(self.scale, Scale):
            if SCALES.get(self.scale.name, self.scale) != self.scale:
                raise ValueError(
                    f"scale: got a Scale that is named {self.scale.name!r} and differs from that scale; "
                    "give it a name of its own, since figures print it"
                )
        else:
            choose("scale", self.scale, tuple(SCALES))
            object.__setattr__(self, "scale", SCALES[self.scale])
        if isinstance(self.methods, str) or not self.methods:
            raise TypeError(f"methods: got {self.methods!r}, expected a tuple of names such as ('WT', 'FT')")
        for method in self.methods:
            choose("methods", method, METHODS)
        # Order and repetition of names change nothing that is run, so they must not change the key.
        object.__setattr__(self, "methods", tuple(method for method in METHODS if method in self.methods))
        if self.repetitions is None:
            object.__setattr__(self, "repetitions", self.scale.repetitions)
        _whole_number("repetitions", self.repetitions, at_least=1)
        _whole_number("seed", self.seed, at_least=0)

    @property
    def recipe(self) -> Recipe:
        """How the parent is trained."""
        return networks.recipe_for(self.network).shortened(self.scale.epochs, self.scale.batch_size)

    @property
    def retrain_recipe(self) -> Recipe:
        """How each cycle retrains: at paper scale by the training recipe (Algorithm 1, line 6), except for VGG16."""
        return networks.retrain_recipe_for(self.network).shortened(self.scale.retrain_epochs, self.scale.batch_size)

    @property
    def ladder(self) -> tuple[tuple[float, ...], ...]:
        """Keep ratios of every cycle."""
        scale = self.scale
        ladder = networks.ladder_for(self.network, self.training)
        return ladder.shortened(scale.cycles, scale.smallest_keep_ratio, scale.prune_only_steps)

    @property
    def train_images(self) -> int:
        """How many images an epoch has: the training part, or what the scale takes of it for such a network."""
        whole = data.DATASETS[self.dataset].parts["train"].count
        whole -= whole // data.VALIDATION_FRACTION
        images = min(self.scale.train_images or whole, whole)
        if self.scale.multiply_adds is None:
            return images
        epochs = max(self.recipe.epochs, len(self.ladder) * self.retrain_recipe.epochs)
        facts, builder = data.DATASETS[self.dataset], networks.registered(self.network).builder
        affordable = self.scale.multiply_adds // (
            epochs * _multiply_adds(builder, facts.num_classes, facts.image_shape)
        )
        return max(min(images, affordable), self.recipe.batch_size)

    @property
    def train_distributions(self) -> tuple[str, ...]:
        """Names of the distributions that the networks are trained on; the nominal one is named like the data set."""
        return (self.dataset,)

    @property
    def training_key(self) -> str:
        """Names the checkpoints: studies that differ only in methods or repetitions share them."""
        identity = {
            "recipe": _non_default(self.recipe),
            "retrain": _non_default(self.retrain_recipe),
            "ladder": self.ladder,
            "train_images": self.scale.train_images and self.train_images,
            "network": networks.fingerprint(self.network),
        }
        if weights := networks.weights_digest(self.network):
            identity["weights"] = weights
        if images := data.fingerprint(self.dataset, "train"):
            identity["images"] = images
        return f"{self.network}-{self.dataset}-{self.training}-{self.scale.name}-s{self.seed}-{_digest(identity)}"

    @property
    def key(self) -> str:
        """Names the results: the checkpoints they come from, and what was measured on what.

        Studies that differ only in methods or repetitions share their chains, and so their results.
        """
        scale = {name: value for name, value in _non_default(self.scale).items() if name != "repetitions"}
        identity = {"scale": scale}
        if images := data.fingerprint(self.dataset, "test", *data.DATASETS[self.dataset].shifts):
            identity["images"] = images
        return f"{self.training_key}-{_digest(identity)}"

    def seed_for(self, *purpose: str | int) -> int:
        """A 63-bit seed of its own for every purpose, such as ``seed_for("train", method, repetition, cycle)``."""
        digest = hashlib.sha256(json.dumps([self.seed, *purpose]).encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


@functools.lru_cache(maxsize=64)
def _multiply_adds(builder: Callable[..., nn.Module], classes: int, image_shape: tuple[int, int, int]) -> int:
    """Of one forward pass of one image."""
    with networks.RANDOM_STATE, torch.random.fork_rng(devices=[]):
        return multiply_adds(builder(num_classes=classes).eval(), image_shape)


def _non_default(settings: Recipe | Scale) -> dict:
    """The fields that differ from their default: an option added later changes no key of before."""
    values = {field: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {field.name: value for field, value in values.items() if value != field.default}


def _digest(identity: dict) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]


def _whole_number(name: str, got: object, at_least: int) -> None:
    if isinstance(got, bool) or not isinstance(got, int) or got < at_least:
        raise ValueError(f"{name}: got {got!r}, expected a whole number of at least {at_least}")
