"""Means over images and what the sample of images leaves to chance."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from fixtures.informative import KIN, informative_of
from lostprune import metrics


def test_means_are_over_images_and_repetitions_and_lie_in_their_interval():
    confidence = informative_of().confidence
    found = metrics.mean_over_images(confidence)
    xr.testing.assert_allclose(found["mean"], confidence.mean(("image", "repetition")))
    np.testing.assert_allclose(found["mean"].sel(pruner="WT", distribution="cifar10"), KIN, atol=0.03)
    assert bool((found.lower <= found["mean"]).all() and (found["mean"] <= found.upper).all())


def test_the_interval_covers_the_mean_of_the_population_as_often_as_it_says():
    """A law of large numbers: 400 samples of 60 images; binomial spread of the coverage is about 1 %."""
    random = np.random.default_rng(1)
    samples = xr.DataArray(random.uniform(0, 1, (400, 60)), dims=("network", "image"))
    found = metrics.mean_over_images(samples)
    covered = float(((found.lower <= 0.5) & (found.upper >= 0.5)).mean())
    assert 0.90 < covered < 0.98


def test_pairs_of_networks_share_their_images():
    """The difference of two equal networks is 0 in every sample, whatever images are drawn."""
    one = informative_of(methods=("WT",)).confidence.sel(pruner="WT", network="parent", mask_network="parent")
    both = xr.concat([one, one - 0.1], "network")
    drawn = metrics.resampled_means(both)
    np.testing.assert_allclose(drawn.isel(network=0) - drawn.isel(network=1), 0.1)


def test_a_network_that_was_not_reached_is_missing_and_no_other():
    found = metrics.mean_over_images(informative_of(unreached=True).confidence).sel(distribution="cifar10")
    gone = found["mean"].sel(pruner="FT").isnull()
    assert bool(gone.sel(network="cycle 5").all() and gone.sel(mask_network="cycle 5").all())
    assert int(gone.sum()) == 9 and not bool(found["mean"].sel(pruner="WT").isnull().any())


@pytest.mark.parametrize(
    "values, resamples, message",
    [
        (xr.DataArray([1.0], dims="network"), 10, "expected 'image' among them"),
        (xr.DataArray([1.0], dims="image"), 0, "resamples: got 0"),
    ],
)
def test_bad_input_is_named(values: xr.DataArray, resamples: int, message: str):
    with pytest.raises(ValueError, match=message):
        metrics.resampled_means(values, resamples)
