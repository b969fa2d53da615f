"""Paired tests, plainly: one pair of networks at a time, the likelihood maximised by search, no closed forms."""

from __future__ import annotations

import math

from scipy.optimize import brentq, minimize_scalar


def statistic(lost: int, won: int, images: int, delta: float) -> float:
    """The score statistic: the observed difference less ``delta``, over the standard deviation under ``delta``."""

    def minus_log_likelihood(won_rate: float) -> float:
        lost_rate, same_rate = won_rate + delta, 1 - 2 * won_rate - delta
        counts = ((lost, lost_rate), (won, won_rate), (images - lost - won, same_rate))
        return -sum(count * math.log(max(rate, 1e-300)) for count, rate in counts if count)

    if lost - won == images * delta:
        return 0.0
    smallest, largest = max(0.0, -delta), (1 - delta) / 2
    found = minimize_scalar(
        minus_log_likelihood, bounds=(smallest, largest), method="bounded", options={"xatol": 1e-12}
    )
    # The search does not try the ends.
    won_rate = min((found.x, smallest, largest), key=minus_log_likelihood)
    variance = images * (2 * won_rate + delta - delta**2)
    return (lost - won - images * delta) / math.sqrt(variance)


def upper_bound(lost: int, won: int, images: int, z: float) -> float:
    """Where the statistic is ``-z``, above the observed difference."""
    difference = (lost - won) / images
    return brentq(lambda delta: statistic(lost, won, images, delta) + z, difference + 1e-9, 1 - 1e-9)


def images_needed(lost: int, won: int, images: int, delta: float, z: float) -> int:
    """The smallest number of images with the same flip rates whose upper bound at ``z`` is at most ``delta``."""
    fewest, enough = 0, 1
    while statistic(lost * enough / images, won * enough / images, enough, delta) > -z:
        fewest, enough = enough, 2 * enough
    while enough - fewest > 1:
        middle = (fewest + enough) // 2
        told = statistic(lost * middle / images, won * middle / images, middle, delta) <= -z
        fewest, enough = (fewest, middle) if told else (middle, enough)
    return enough


def holm(p_values: list[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected, from the smallest p-value on, until the first that is not."""
    rejected = [False] * len(p_values)
    for step, position in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[position] > alpha / (len(p_values) - step):
            break
        rejected[position] = True
    return rejected
