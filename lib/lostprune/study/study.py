"""What is run: a Study names it, and makes the key of its results."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from dataclasses import dataclass

import torch

from .. import data, networks
from ..corruptions.train_corruptions import TRAIN_CORRUPTIONS
from ..foundations.choices import check_choice
from ..foundations.seeds import seed_for
from ..networks.recipes import Recipe
from ..networks.registry import Registered
from ..pruning import METHODS, multiply_adds
from ..pruning.registry import check_method
from ..pruning.registry import names as method_names
from ..tasks import Task
from .checks import whole_number
from .scales import SCALES, Scale, scale_of


@dataclass(frozen=True)
class Study:
    """One cell of the paper's grid of experiments: frozen, validated, hashable.

    Args:
        network: a registered network (``lostprune.networks.names()``).
        dataset: a data set with a training part (``lostprune.data.trainable()``).
        training: ``"nominal"``; ``"robust"``, with nine corruptions (Section 6); ``"robust-without-noise"`` (or
            ``-blur``, ``-weather``, ``-digital``), which leaves out those of one category; ``"augmix"``.
        methods: pruning methods by the paper's abbreviations (Table 1), or registered ones (``pruning.names()``).
        repetitions: how many, at least 1; ``None`` takes the scale's.
        scale: ``"smoke"``, ``"quick"``, ``"reduced"``, ``"paper"`` or a :class:`Scale` of your own with another name.
        seed: non-negative. With the same seed on the same CPU a study repeats bitwise.
        weights: initial weights of the unpruned networks. ``"torchvision"`` means its weights for ImageNet. The path of
            a file of weights is absolute or relative to the data folder; add ``@`` and the beginning of its SHA-256 if
            the file may be missing when results are read. ``None`` starts at random. Weights for the whole network are
            the parent, without training. From others, such as those for more classes or for a backbone, training
            continues.

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
    weights: str | None = None

    def __post_init__(self) -> None:
        check_choice("network", self.network, networks.names())
        check_choice("dataset", self.dataset, data.trainable())
        check_choice("training", self.training, TRAIN_CORRUPTIONS)
        if isinstance(self.scale, Scale):
            if self.scale.name in SCALES and scale_of(self.scale.name, self.dataset) != self.scale:
                raise ValueError(
                    f"scale: got a Scale that is named {self.scale.name!r} and differs from that scale; "
                    "give it a name of its own, since figures print it"
                )
        else:
            check_choice("scale", self.scale, tuple(SCALES))
            object.__setattr__(self, "scale", scale_of(self.scale, self.dataset))
        if self.training != "nominal" and not self._in_memory:
            raise ValueError(
                f"training: got {self.training!r}, expected 'nominal' for {self.dataset}: images that are read one by "
                "one, as those of many sizes are, are not altered in training"
            )
        if self.dataset not in data.TREES and (self.scale.classes or self.scale.image_size):
            raise ValueError(
                f"scale: got classes={self.scale.classes} and image_size={self.scale.image_size}, expected neither: "
                f"{self.dataset} has fixed ones; sets of image files are {', '.join(data.TREES)}"
            )
        if isinstance(self.methods, str) or not self.methods:
            raise TypeError(f"methods: got {self.methods!r}, expected a tuple of names such as ('WT', 'FT')")
        for method in self.methods:
            check_method("methods", method)
        # Order and repetition of names change nothing that is run, so they must not change the key.
        object.__setattr__(self, "methods", tuple(method for method in method_names() if method in self.methods))
        if self.repetitions is None:
            object.__setattr__(self, "repetitions", self.scale.repetitions)
        whole_number("repetitions", self.repetitions, at_least=1)
        whole_number("seed", self.seed, at_least=0)
        if self.weights is not None:
            object.__setattr__(self, "weights", os.fspath(self.weights))
            networks.weights_source(self.network, self.weights, data.locate())

    @property
    def _in_memory(self) -> bool:
        """Whether the training images are one array, at any scale."""
        if self.dataset in data.TREES:
            return False
        registered = data.DATASETS[self.dataset].registered.get("train")
        return registered is None or isinstance(registered.images, torch.Tensor)

    @property
    def weights_name(self) -> str:
        """What a reader sees of the weights that the unpruned networks begin with; empty if they begin at random."""
        if self.weights is None:
            return ""
        source = networks.weights_source(self.network, self.weights, data.locate())
        return f"{source.name}, SHA-256 {source.digest[: networks.SHORTEST_DIGEST]}…"

    @property
    def task(self) -> Task:
        """What the networks are for."""
        return data.DATASETS[self.dataset].task

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of what the networks see."""
        channels, *size = data.DATASETS[self.dataset].image_shape
        return (channels, *([self.scale.image_size] * 2 if self.scale.image_size else size))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of the networks' outputs.

        Raises:
            data.DataUnavailable: image files are not in the data folder, which alone says which classes there are.
        """
        return data.class_names(self.dataset, self.scale.classes)

    def load(self, split: str) -> data.Split:
        """The ``"train"`` or ``"test"`` images of the classes; test images have the shape, unless they are too many.

        Raises:
            data.DataUnavailable: they are not available.
            data.DamagedImage: some of them cannot be read.
        """
        if self.dataset not in data.TREES:
            return data.load(self.dataset, split)
        return data.load(self.dataset, split, None, self.scale.classes, self.image_shape[1])

    @property
    def recipe(self) -> Recipe:
        """How the parent is trained."""
        return self._scaled(networks.recipe_for(self.network), self.scale.epochs)

    @property
    def retrain_recipe(self) -> Recipe:
        """How each cycle retrains: at paper scale by the training recipe (Algorithm 1, line 6), except for VGG16."""
        recipe = self._scaled(networks.retrain_recipe_for(self.network), self.scale.retrain_epochs)
        return dataclasses.replace(recipe, learning_rate=recipe.learning_rate * self.scale.retrain_learning_rate)

    def _scaled(self, recipe: Recipe, epochs: int | None) -> Recipe:
        shortened = recipe.shortened(epochs, self.scale.batch_size)
        return dataclasses.replace(shortened, learning_rate=shortened.learning_rate * self.scale.learning_rate)

    @property
    def ladder(self) -> tuple[tuple[float, ...], ...]:
        """Keep ratios of every cycle."""
        scale = self.scale
        ladder = networks.ladder_for(self.network, "robust" if TRAIN_CORRUPTIONS[self.training] else "nominal")
        return ladder.shortened(scale.cycles, scale.smallest_keep_ratio, scale.prune_only_steps)

    @property
    def train_images(self) -> int:
        """How many images an epoch of training has: the training part, or what the scale takes of it."""
        whole = data.DATASETS[self.dataset].parts["train"].count
        whole -= whole // data.VALIDATION_FRACTION
        images = min(self.scale.train_images or whole, whole)
        return self._affordable(images, self.recipe.epochs, self.recipe.batch_size)

    @property
    def retrain_images(self) -> int:
        """How many images an epoch of retraining has."""
        recipe = self.retrain_recipe
        images = min(self.scale.retrain_images or self.train_images, self.train_images)
        return self._affordable(images, len(self.ladder) * recipe.epochs, recipe.batch_size)

    def _affordable(self, images: int, epochs: int, at_least: int) -> int:
        """As many of the images as the scale can afford for such a network."""
        if self.scale.multiply_adds is None or not epochs:
            return images
        classes = self.scale.classes or data.DATASETS[self.dataset].num_classes
        per_image = _multiply_adds(networks.registered(self.network), classes, self.image_shape)
        return max(min(images, self.scale.multiply_adds // (epochs * per_image)), at_least)

    @property
    def train_distributions(self) -> tuple[str, ...]:
        """Names of the distributions that the networks are trained on; the nominal one is named like the data set."""
        return (self.dataset, *TRAIN_CORRUPTIONS[self.training])

    @property
    def training_key(self) -> str:
        """Names the checkpoints: studies that differ only in methods or repetitions share them."""
        identity = {
            "recipe": _non_default(self.recipe),
            "retrain": _non_default(self.retrain_recipe),
            "ladder": self.ladder,
            "train_images": self.train_images if self.scale.train_images or self.scale.multiply_adds else None,
            "network": networks.fingerprint(self.network),
        }
        if self.retrain_images != self.train_images:
            identity["retrain_images"] = self.retrain_images
        if weights := networks.weights_digest(self.network):
            identity["weights"] = weights
        if self.weights is not None:
            source = networks.weights_source(self.network, self.weights, data.locate())
            identity["begins with"] = source.digest[: networks.SHORTEST_DIGEST]
        if self.dataset in data.TREES:
            identity["images"] = (self.scale.classes, self.image_shape)
        if corruptions := TRAIN_CORRUPTIONS[self.training]:
            identity["train_corruptions"] = corruptions
        if images := data.fingerprint(self.dataset, "train"):
            identity["registered"] = images
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
            facts = data.DATASETS[self.dataset]
            if "test" in facts.registered and data.is_class_after_class(facts.registered["test"].labels):
                identity["order"] = "by turns"
            tested = min(self.scale.test_images or facts.parts["test"].count, facts.parts["test"].count)
            if any(facts.parts[shift].count > tested for shift in facts.shifts):
                identity["of shifts"] = "as many of every class"
        return f"{self.training_key}-{_digest(identity)}"

    def seed_for(self, *purpose: str | int) -> int:
        """A 63-bit seed of its own for every purpose, such as ``seed_for("train", method, repetition, cycle)``."""
        return seed_for(self.seed, *purpose)


@functools.lru_cache(maxsize=64)
def _multiply_adds(network: Registered, classes: int, image_shape: tuple[int, int, int]) -> int:
    """Multiply-adds of one forward pass for one image."""
    with networks.RANDOM_STATE, torch.random.fork_rng(devices=[]):
        return multiply_adds(network.built(classes).eval(), image_shape)


def _non_default(settings: Recipe | Scale) -> dict:
    """The fields that differ from their default: an option added later changes no key of before."""
    values = {field: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {field.name: value for field, value in values.items() if value != field.default}


def _digest(identity: dict) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
