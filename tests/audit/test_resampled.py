"""The verdict for segmentation: a bootstrap over images with a confusion matrix each."""

from __future__ import annotations

import numpy as np
import pytest

from lostprune.audit.resampled import resampled_verdict

CLASSES, PIXELS = 3, 400


def iou_error(counts: np.ndarray) -> np.ndarray:
    """1 - mean intersection over union, of confusion matrices [..., classes, classes]."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    union = counts.sum(-1) + counts.sum(-2) - hits
    return 1 - (hits / union).mean(-1)


def network(images: int, accuracy: float, seed: int) -> np.ndarray:
    """Confusion matrices [images, classes, classes] of a network that gets this share of the pixels right."""
    random = np.random.default_rng(seed)
    wrong = (1 - accuracy) / (CLASSES - 1)
    rates = np.full((CLASSES, CLASSES), wrong) + np.eye(CLASSES) * (accuracy - wrong)
    quality = random.normal(0, 0.02, (images, 1, 1)) * (np.eye(CLASSES) - 1 / CLASSES)  # some images are harder
    return np.stack([[random.multinomial(PIXELS, row) for row in np.clip(rates + one, 0, 1)] for one in quality])


def test_two_networks_that_count_the_same_are_safe():
    counts = network(20, 0.9, 0)
    found = resampled_verdict(counts, counts.copy(), iou_error)
    assert found.verdict == "safe" and found.difference == found.upper == found.minimum_detectable == 0


def test_a_damaged_network_is_unsafe_and_a_better_one_safe():
    good, bad = network(60, 0.9, 0), network(60, 0.8, 1)
    worse, better = resampled_verdict(good, bad, iou_error), resampled_verdict(bad, good, iou_error)
    assert (worse.verdict, better.verdict) == ("unsafe", "safe")
    assert worse.lower < worse.difference < worse.upper
    assert worse.difference == pytest.approx(float(iou_error(bad.sum(0)) - iou_error(good.sum(0))))
    assert worse.p_unsafe < 0.01 < 0.9 < better.p_unsafe


def test_few_images_cannot_tell_and_say_how_many_could():
    one, other = network(30, 0.9, 0), network(30, 0.9, 1)
    found = resampled_verdict(one, other, iou_error)
    assert found.verdict == "cannot tell" and found.minimum_detectable > 0.005 and found.images_needed > 30


def test_fewer_than_ten_images_that_differ_cannot_tell():
    parent = network(200, 0.9, 0)
    pruned = parent.copy()
    pruned[:9] = np.roll(pruned[:9], 1, axis=-1)  # all wrong
    assert resampled_verdict(parent, pruned, iou_error).verdict == "cannot tell"


def test_the_bounds_hold_as_often_as_they_say():
    """The difference of two networks of which one is a little worse, over 200 test sets of 60 images."""
    truth = float(iou_error(network(4000, 0.88, 1).sum(0)) - iou_error(network(4000, 0.9, 0).sum(0)))
    below = above = 0
    for seed in range(200):
        found = resampled_verdict(
            network(60, 0.9, 2 * seed), network(60, 0.88, 2 * seed + 1), iou_error, resamples=500, seed=seed
        )
        below += found.upper < truth
        above += found.lower > truth
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert below / 200 <= allowed and above / 200 <= allowed
