"""The paper's networks, and a registry that takes new ones by name."""

from . import densenet, resnet, vgg, wide_resnet  # noqa: F401  (registers their networks)
from .fingerprints import fingerprint
from .registry import (
    build,
    ladder_for,
    load_pretrained,
    names,
    recipe_for,
    register,
    retrain_recipe_for,
    weights_digest,
)

__all__ = [
    "build",
    "fingerprint",
    "ladder_for",
    "load_pretrained",
    "names",
    "recipe_for",
    "register",
    "retrain_recipe_for",
    "weights_digest",
]
