"""How much of the paper's study is run."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from ..backselect.ranking import SEARCHES
from ..corruptions import NAMES
from ..foundations.choices import check_choice
from .checks import each_once, number, whole_number

# The smallest value of every field that counts something.
_LEAST = {
    "repetitions": 1,
    "train_images": 1,
    "test_images": 1,
    "multiply_adds": 1,
    "epochs": 0,
    "retrain_epochs": 0,
    "batch_size": 1,
    "cycles": 1,
    "noise_images": 1,
    "noise_draws": 1,
    "informative_images": 1,
    "informative_pixels_per_step": 1,
    "classes": 2,
    "image_size": 1,
    "retrain_images": 1,
}


@dataclass(frozen=True)
class Scale:
    """How much of the paper's study is run. ``None`` means: all of it, as the paper does.

    Attributes:
        name: the name that figures print.
        repetitions: independently trained parents, each with its chains.
        train_images, test_images: images used of the training part (45,000) and of the test set (10,000). Test images
            are a seeded choice that has as many of every class.
        retrain_images: images per epoch of retraining, the first of the training images; ``None`` takes all of them.
        multiply_adds: limit for training one chain or parent, in multiply-adds of forward passes. A network that would
            take more sees fewer training images.
        epochs, retrain_epochs: length of the training and of each retraining, the same for every network. A recipe
            keeps its shape: warm-up and milestones stay at the same fractions of it. Without retraining it is 0.
        batch_size: images per step; the learning rate scales with it.
        cycles: prune-retrain cycles, spread evenly over the paper's ladder of keep ratios.
        smallest_keep_ratio: the end of the ladder; networks trained for seconds lose whole layers below it.
        prune_only_steps: prune in several steps between retrainings, as the original does.
        corruptions: test distributions beside the nominal one.
        noise_levels: half-widths of the uniform noise, in units of the normalised input (Section 4.1).
        noise_images, noise_draws: images, and draws of noise per image, at each level.
        informative_images: how many images have their pixels ranked, in each distribution (Section 4.1).
        informative_search, informative_pixels_per_step: how; see :func:`lostprune.backselect.rank_pixels`. Unlike those
            of the other fields, the defaults are not the paper's: results of shorter scales keep their keys.
        classes: for a set of image files, how many of its classes to use, the first of its list.
        image_size: for a set of image files, the size of the networks' input in pixels on each side.
        learning_rate: factor on the recipe's. A recipe that begins at random, in few epochs undoes trained weights.
        retrain_learning_rate: factor on the rate of retraining: few steps at the full rate do more harm than good.

    Raises:
        ValueError, TypeError: a field is none of these.
    """

    name: str
    repetitions: int = 3
    train_images: int | None = None
    test_images: int | None = None
    multiply_adds: int | None = None
    epochs: int | None = None
    retrain_epochs: int | None = None
    batch_size: int | None = None
    cycles: int | None = None
    smallest_keep_ratio: float = 0.0
    prune_only_steps: bool = True
    corruptions: tuple[str, ...] | None = None
    noise_levels: tuple[float, ...] = tuple(round(0.05 * i, 2) for i in range(15))
    noise_images: int = 1000
    noise_draws: int = 100
    informative_images: int = 30
    informative_search: str = "gradient"
    informative_pixels_per_step: int = 10
    classes: int | None = None
    image_size: int | None = None
    learning_rate: float = 1.0
    retrain_images: int | None = None
    retrain_learning_rate: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"\w[\w.+ -]*", self.name):
            raise ValueError(
                f"scale: name: got {self.name!r}, expected letters, digits, spaces, _ . + or -, as in names of files"
            )
        unlimited = {field.name for field in dataclasses.fields(Scale) if field.default is None}
        for name, least in _LEAST.items():
            if (got := getattr(self, name)) is not None or name not in unlimited:
                whole_number(f"scale: {name}", got, least)
        for name in ("learning_rate", "retrain_learning_rate"):
            number(f"scale: {name}", getattr(self, name), "a number above 0", lambda got: got > 0)
        number("scale: smallest_keep_ratio", self.smallest_keep_ratio, "a fraction", lambda got: 0 <= got <= 1)
        check_choice("scale: informative_search", self.informative_search, SEARCHES)
        object.__setattr__(self, "noise_levels", each_once("scale: noise_levels", self.noise_levels))
        for level in self.noise_levels or [()]:
            number("scale: noise_levels", level, "at least one number, none below 0", lambda got: got >= 0)
        if self.corruptions is not None:
            object.__setattr__(self, "corruptions", each_once("scale: corruptions", self.corruptions))
            for name in self.corruptions:
                check_choice("scale: corruptions", name, NAMES)


SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            "smoke",
            repetitions=2,
            train_images=512,
            test_images=200,
            epochs=1,
            retrain_epochs=1,
            batch_size=64,
            cycles=2,
            smallest_keep_ratio=0.3,
            prune_only_steps=False,
            corruptions=("gaussian_noise", "brightness", "contrast"),
            noise_levels=(0.0, 0.3),
            noise_images=100,
            noise_draws=1,
            informative_images=4,
            informative_pixels_per_step=64,
        ),
        Scale(
            "quick",
            repetitions=1,
            train_images=20_000,
            retrain_images=5000,
            test_images=1000,
            multiply_adds=10**13,  # 8 to 30 minutes on two slow cores without bfloat16
            epochs=6,
            retrain_epochs=1,
            retrain_learning_rate=0.3,
            batch_size=64,
            cycles=3,
            smallest_keep_ratio=0.1,
            prune_only_steps=False,
            # Of noise, blur, weather and digital; half of them are in robust training.
            corruptions=("gaussian_noise", "impulse_noise", "defocus_blur", "snow", "contrast", "jpeg_compression"),
            noise_levels=(0.0, 0.2, 0.4, 0.6),
            noise_images=300,
            noise_draws=1,
            informative_images=10,
            informative_pixels_per_step=32,
        ),
        Scale(  # about two hours for ResNet20 on two CPU cores
            "reduced",
            test_images=5000,
            epochs=10,
            retrain_epochs=1,
            cycles=6,
            smallest_keep_ratio=0.05,
            prune_only_steps=False,
            noise_levels=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
            noise_images=500,
            noise_draws=1,
        ),
        Scale("paper", informative_images=2000, informative_search="exact", informative_pixels_per_step=1),
    )
}

# What a scale is on sets of image files, whose images are larger and whose networks are deeper: fewer of them.
_SMALL = {"train_images": 64, "test_images": 12, "batch_size": 16, "noise_images": 12}
_QUICK = {
    "train_images": 4000,
    "retrain_images": None,
    "retrain_learning_rate": 1.0,
    "multiply_adds": None,
    "epochs": 4,
    "test_images": 1000,
    "noise_images": 200,
    "classes": 20,
    "image_size": 64,
    "learning_rate": 0.1,
}
# The paper ranks pixels on CIFAR-10 alone. An exact ranking of 224 x 224 pixels takes 1.3 billion forward passes.
_RANKED = {"informative_images": 100, "informative_search": "gradient", "informative_pixels_per_step": 50}
_OF_DATASET = {
    ("smoke", "imagenet"): _SMALL | {"classes": 3, "image_size": 32},
    ("smoke", "tiny_imagenet"): _SMALL | {"classes": 3, "image_size": 32},
    ("smoke", "voc"): _SMALL | {"train_images": 4, "batch_size": 2, "test_images": 2, "image_size": 33},
    ("quick", "imagenet"): _QUICK,
    ("quick", "tiny_imagenet"): _QUICK,
    ("quick", "voc"): {
        "train_images": 300,
        "retrain_images": None,
        "retrain_learning_rate": 1.0,
        "multiply_adds": None,
        "epochs": 6,
        "cycles": 2,
        "test_images": 60,
        "batch_size": 8,
        "corruptions": ("gaussian_noise", "defocus_blur", "contrast"),
        "noise_images": 20,
        "image_size": 129,
    },
    ("reduced", "imagenet"): {"classes": 100, "image_size": 64},
    ("reduced", "tiny_imagenet"): {"image_size": 64},
    ("reduced", "voc"): {"image_size": 257, "batch_size": 16, "epochs": 15, "noise_images": 50},
    ("paper", "imagenet"): _RANKED | {"repetitions": 1},
    ("paper", "tiny_imagenet"): _RANKED | {"image_size": 64},
    ("paper", "voc"): {"repetitions": 2},
}


def scale_of(name: str, dataset: str) -> Scale:
    """The scale of a name on a data set. Raises KeyError for an unknown name."""
    return dataclasses.replace(SCALES[name], **_OF_DATASET.get((name, dataset), {}))
