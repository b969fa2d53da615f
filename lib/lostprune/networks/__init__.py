"""The paper's networks, and a registry that takes new ones by name."""

from . import densenet, resnet, vgg, wide_resnet  # noqa: F401  (registers their networks)
from .fingerprints import fingerprint
from .registry import (
    RANDOM_STATE,
    build,
    ladder_for,
    load_pretrained,
    names,
    recipe_for,
    register,
    registered,
    retrain_recipe_for,
    weights_digest,
)

__all__ = [
    "RANDOM_STATE",
    "build",
    "fingerprint",
    "ladder_for",
    "load_pretrained",
    "names",
    "recipe_for",
    "register",
    "registered",
    "retrain_recipe_for",
    "weights_digest",
]
