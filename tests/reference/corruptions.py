"""Plain versions of the corruptions, one image at a time, in float64."""

from __future__ import annotations

import numpy as np

from reference import (
    corruptions_blur,
    corruptions_digital,
    corruptions_noise,
    corruptions_spatter,
    corruptions_weather,
)
from reference.corruptions_filters import truncate
from reference.corruptions_random import PlainRandom

MODULES = (corruptions_noise, corruptions_blur, corruptions_weather, corruptions_digital, corruptions_spatter)


def corrupt(image: np.ndarray, name: str, constant: object, seed: int) -> np.ndarray:
    """uint8 [3, h, w] of uint8 [3, h, w]: the corruption of that name with an image's seed."""
    (function,) = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    return truncate(function(image / 255, constant, PlainRandom(seed))).astype(np.uint8)
