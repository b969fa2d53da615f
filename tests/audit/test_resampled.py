"""The verdict for segmentation: a bootstrap over images with the pixels of each."""

from __future__ import annotations

import numpy as np
import pytest

from lostprune.audit.resampled import drawn_differences, resampled_verdict
from lostprune.tasks import iou_error

CLASSES, PIXELS = 3, 400


def error(pixels: np.ndarray) -> float:
    return float(iou_error(pixels.sum(0)))


def network(images: int, accuracy: float, seed: int, spread: float = 0.02) -> np.ndarray:
    """Pixels [images, classes, 3] of a network that gets about this share of them right."""
    random = np.random.default_rng(seed)
    right = np.clip(random.normal(accuracy, spread, images), 0, 1)[:, None, None]
    rates = (1 - right) / (CLASSES - 1) * (1 - np.eye(CLASSES)) + right * np.eye(CLASSES)
    confusion = random.multinomial(PIXELS, rates)
    return np.stack([np.diagonal(confusion, axis1=1, axis2=2), confusion.sum(2), confusion.sum(1)], -1)


def test_two_networks_that_count_the_same_are_safe():
    counts = network(20, 0.9, 0)
    found = resampled_verdict(counts, counts.copy())
    assert found.verdict == "safe" and found.upper == found.minimum_detectable == 0


def test_a_damaged_network_is_unsafe_and_a_better_one_safe():
    good, bad = network(60, 0.9, 0), network(60, 0.8, 1)
    worse, better = resampled_verdict(good, bad), resampled_verdict(bad, good)
    assert (worse.verdict, better.verdict) == ("unsafe", "safe")
    assert worse.lower < error(bad) - error(good) < worse.upper
    assert worse.p_unsafe < 0.01 < 0.9 < better.p_unsafe


def test_few_images_cannot_tell_and_say_how_many_could():
    one, other = network(30, 0.9, 0, spread=0.05), network(30, 0.9, 1, spread=0.05)
    found = resampled_verdict(one, other)
    assert found.verdict == "cannot tell" and found.minimum_detectable > 0.005 and found.images_needed > 30


def test_fewer_than_ten_images_that_differ_cannot_tell():
    parent = network(200, 0.9, 0)
    pruned = parent.copy()
    pruned[:9, :, 0] = 0  # no pixel right
    found = resampled_verdict(parent, pruned)
    assert found.verdict == "cannot tell" and found.p_unsafe == 1 and found.images_needed >= 200 * 10 / 9


def test_draws_are_errors_of_test_sets_with_images_that_repeat():
    parent, pruned = network(7, 0.9, 0), network(7, 0.8, 1)
    drawn = drawn_differences(parent, pruned, resamples=5, seed=3)
    random = np.random.default_rng(3)
    for difference in drawn:
        rows = random.integers(0, 7, 7)
        assert difference == pytest.approx(error(pruned[rows]) - error(parent[rows]))


def test_the_bounds_hold_as_often_as_they_say():
    """The difference of two networks of which one is a little worse, over 100 test sets of 60 images."""
    truth = error(network(4000, 0.88, 1)) - error(network(4000, 0.9, 0))
    below = above = 0
    for seed in range(100):
        pair = network(60, 0.9, 2 * seed + 10), network(60, 0.88, 2 * seed + 11)
        found = resampled_verdict(*pair, resamples=100, seed=seed)
        below += found.upper < truth
        above += found.lower > truth
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    assert below / 100 <= allowed and above / 100 <= allowed
