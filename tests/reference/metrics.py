"""Definitions 1 and 2 of the paper, written as one would say them, for plain lists."""

from __future__ import annotations

import math

import numpy as np


def prune_potential(errors: list[float], parent_error: float, prune_ratios: list[float], delta: float) -> float:
    best = 0.0
    for error, ratio in zip(errors, prune_ratios, strict=True):
        if error - parent_error <= delta + 1e-9 and ratio > best:
            best = ratio
    return best


def excess_error_difference(
    train: list[float], test: list[float], parent_train: list[float], parent_test: list[float]
) -> float:
    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    return (mean(test) - mean(train)) - (mean(parent_test) - mean(parent_train))


def resampled_prune_potential(
    wrong: list[list[bool]], prune_ratios: list[float], delta: float, resamples: int, random: np.random.Generator
) -> list[float]:
    """``wrong`` says for every network, the parent first, which images it misclassifies; one potential per resample."""
    images = len(wrong[0])
    potentials = []
    for _ in range(resamples):
        drawn = random.integers(images, size=images)
        errors = [sum(network[image] for image in drawn) / images for network in wrong]
        potentials.append(prune_potential(errors, errors[0], prune_ratios, delta))
    return potentials


def interval(values: list[float], level: float) -> tuple[float, float]:
    """From the value below the quantile to the one above it."""
    ordered, tail = sorted(values), (1 - level) / 2
    last = len(ordered) - 1
    return ordered[math.floor(tail * last + 1e-9)], ordered[math.ceil((1 - tail) * last - 1e-9)]
