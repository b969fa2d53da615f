"""The paper's networks, and a registry that takes new ones by name."""

from . import deeplab, densenet, imagenet, resnet, vgg, wide_resnet  # noqa: F401  (registers their networks)
from .fingerprints import fingerprint
from .pretrained import SHORTEST_DIGEST, read_source, start_from, weights_source
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
from .statistics import measure_statistics

__all__ = [
    "SHORTEST_DIGEST",
    "RANDOM_STATE",
    "build",
    "fingerprint",
    "ladder_for",
    "load_pretrained",
    "measure_statistics",
    "names",
    "read_source",
    "recipe_for",
    "register",
    "registered",
    "retrain_recipe_for",
    "start_from",
    "weights_digest",
    "weights_source",
]
