"""Plain AugMix of one image: Pillow's operations one after the other, and a mixture in float64."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from .corruptions_random import PlainRandom


def augmix(image: np.ndarray, seed: int) -> np.ndarray:
    """uint8 [3, h, w] to float64 [3, h, w], levels that are not rounded yet."""
    random = PlainRandom(seed)
    depth = 1 + random.integers(3, 3)
    shares = -np.log(1 - random.uniform(3))
    shares /= shares.sum()
    weight = random.uniform(1)[0]
    picture = Image.fromarray(image.transpose(1, 2, 0))
    chains = [picture] * 3
    for step in range(3):
        operation, strength, sign = random.integers(9, 3), random.uniform(3), random.integers(2, 3)
        for chain in range(3):
            if step < depth[chain]:
                level = 0.01 + 0.29 * strength[chain]
                chains[chain] = operate(chains[chain], operation[chain], level, 1 - 2 * sign[chain])
    mixture = sum(share * np.asarray(chain, np.float64) for share, chain in zip(shares, chains, strict=True))
    return ((1 - weight) * np.asarray(picture, np.float64) + weight * mixture).transpose(2, 0, 1)


def operate(picture: Image.Image, operation: int, level: float, sign: int) -> Image.Image:
    """One of the nine operations; ``level`` is the fraction of its largest strength."""
    width, height = picture.size

    def moved(*coefficients: float) -> Image.Image:
        return picture.transform(picture.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)

    across, down = (sign * int(level * side / 3) for side in (width, height))
    return (
        lambda: ImageOps.autocontrast(picture),
        lambda: ImageOps.equalize(picture),
        lambda: ImageOps.posterize(picture, 4 - int(4 * level)),
        lambda: ImageOps.solarize(picture, 256 - int(256 * level)),
        lambda: picture.rotate(sign * int(30 * level), Image.Resampling.BILINEAR),
        lambda: moved(1, 0.3 * sign * level, 0, 0, 1, 0),
        lambda: moved(1, 0, 0, 0.3 * sign * level, 1, 0),
        lambda: moved(1, 0, across, 0, 1, 0),
        lambda: moved(1, 0, 0, 0, 1, down),
    )[operation]()
