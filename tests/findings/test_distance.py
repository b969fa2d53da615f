"""Sentences on functional distance: what holds, what does not, and what the images cannot tell."""

from __future__ import annotations

import numpy as np
import xarray as xr

from fixtures.informative import informative_of
from fixtures.synthetic import results_of
from lostprune import findings, metrics


def test_the_parents_pixels_suffice_where_confidence_is_high():
    text = findings.parents_pixels(informative_of(), "cifar10")
    assert "suffice*: holds for WT and FT" in text
    assert "than the separate network*: holds for WT and FT" in text
    assert "a mean confidence of 89% toward the true class" in text or "confidence of 90% toward" in text


def test_they_do_not_suffice_where_it_is_low():
    part = informative_of()
    low = part.assign(confidence=part.confidence * 0.3)
    assert "suffice*: does not hold for WT and FT" in findings.parents_pixels(low, "cifar10")


def test_few_images_cannot_tell():
    part = informative_of(images=2)
    part.confidence[..., 0] = 0.05
    assert "suffice*: is unclear for WT and FT" in findings.parents_pixels(part, "cifar10")


def test_a_separate_network_that_is_not_there_is_not_compared():
    part = informative_of()
    gone = part.where(part.network != "separate")
    assert "separate" not in findings.parents_pixels(gone, "cifar10")


def test_the_true_class_changes_only_what_is_wrong():
    assert "right on 90% of these images" in findings.true_class(informative_of(), "cifar10")
    nothing = informative_of()
    nothing["right"] = nothing.right & False
    assert "right on none" in findings.true_class(nothing, "cifar10")


def noise_with(separate: float) -> tuple[xr.Dataset, xr.Dataset]:
    parts = results_of(methods=("WT", "FT"), corruptions=("fog",))
    noise = parts["noise"]
    values = xr.full_like(noise.error.isel(pruner=0, cycle=0, drop=True), separate)
    return noise.assign(separate_matching_predictions=values), parts["curves"]


def test_pruned_networks_are_closer_or_not():
    assert "than the separate network*: holds for WT and FT" in findings.noise_similarity(*noise_with(0.01))
    assert "than the separate network*: does not hold for WT and FT" in findings.noise_similarity(*noise_with(0.999))
    parts = results_of(methods=("WT",), corruptions=("fog",))
    assert "nothing to compare" in findings.noise_similarity(parts["noise"], parts["curves"])


def test_turned_predictions_say_their_direction_and_the_classes():
    parts = results_of(methods=("WT", "FT"), corruptions=("fog",), unreached=2)
    wrong = parts["shift"].wrong
    labels = xr.DataArray(np.where(np.arange(2000) < 1000, "cat", "dog"), {"image": wrong.image})
    flips, classes = metrics.flips(wrong), metrics.flips(wrong, labels)
    text = findings.turned_predictions(flips, parts["curves"], "fog", classes)
    wt, ft = text.splitlines()
    assert wt.startswith("- **WT** on Fog") and ft.startswith("- **FT** on Fog")
    assert "in 3 of 3 repetitions" in wt and "“dog”" in wt
    assert findings.turned_predictions(flips, parts["curves"], "fog").count("“") == 0
