"""Definitions 1 and 2 of the paper, written as one would say them, for plain lists."""

from __future__ import annotations


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
