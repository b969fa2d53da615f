"""Plain versions of the corruptions by noise: x float64 [3, h, w] in [0, 1] and the image's random numbers to x."""

from __future__ import annotations

import numpy as np
from scipy import stats

from reference.corruptions_random import PlainRandom


def gaussian_noise(x: np.ndarray, std: float, random: PlainRandom) -> np.ndarray:
    return x + std * random.normal(*x.shape)


def shot_noise(x: np.ndarray, photons: float, random: PlainRandom) -> np.ndarray:
    """The smallest number of photons such that as many or fewer are at least as probable as a random number says."""
    probability = (random.words(*x.shape) + 0.5) / 2**32  # the middle of what the whole number stands for
    numbers = np.empty_like(x)
    for value in np.unique(x):
        distribution = stats.poisson.cdf(np.arange(10 * photons + 100), value * photons)
        numbers[x == value] = np.searchsorted(distribution, probability[x == value])
    return numbers / photons


def impulse_noise(x: np.ndarray, share: float, random: PlainRandom) -> np.ndarray:
    chance = random.uniform(*x.shape)
    noisy = x.copy()
    noisy[chance < share] = 0
    noisy[chance < share / 2] = 1
    return noisy


def speckle_noise(x: np.ndarray, std: float, random: PlainRandom) -> np.ndarray:
    return x + x * std * random.normal(*x.shape)
