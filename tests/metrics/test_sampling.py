"""What a finite test set does to the prune potential: the bootstrap over images."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lostprune import metrics
from reference import metrics as plain

RATIOS = [0.0, 0.4, 0.8]
answers = arrays(bool, (2, 3, 2, 12))  # (repetition, cycle, distribution, image)
few = settings(max_examples=25, deadline=None)


def labelled(values, ratios=RATIOS) -> tuple[xr.DataArray, xr.DataArray]:
    """Which images each network gets wrong, over (repetition, cycle, distribution, image), and the prune ratios."""
    wrong = xr.DataArray(np.asarray(values), dims=("repetition", "cycle", "distribution", "image"))
    names = ["cifar10", "fog"][: wrong.sizes["distribution"]]
    wrong = wrong.assign_coords(
        repetition=range(wrong.sizes["repetition"]), cycle=range(wrong.sizes["cycle"]), distribution=names
    )
    return wrong, xr.DataArray(ratios, {"cycle": range(len(ratios))}, ("cycle",))


def networks(images: int, *changes: tuple[int, int]) -> list[list[list[bool]]]:
    """A parent wrong on a fifth of the images, and networks that get so many more wrong and so many more right."""
    parent = np.arange(images) < images // 5
    rows = [parent]
    for lost, won in changes:
        row = parent.copy()
        row[images // 5 : images // 5 + lost] = True
        row[:won] = False
        rows.append(row)
    return [[[row] for row in rows]]


@few
@given(answers, st.floats(0, 0.5), st.integers(0, 100))
def test_the_resamples_are_those_of_the_plain_version(values, delta, seed):
    wrong, ratio = labelled(values)
    found = metrics.resampled_prune_potential(wrong, ratio, delta, resamples=5, seed=seed)
    for repetition in range(2):
        for place, name in enumerate(["cifar10", "fog"]):
            random = np.random.default_rng(seed)
            expected = plain.resampled_prune_potential(values[repetition, :, place].tolist(), RATIOS, delta, 5, random)
            assert found.sel(repetition=repetition, distribution=name).values.tolist() == expected


@few
@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), min_size=1, max_size=60), st.sampled_from([0.5, 0.75, 0.9375]))
def test_the_interval_is_that_of_the_plain_version_and_holds_values_that_were_drawn(values, level):
    found = metrics.interval(xr.DataArray(values, dims="resample"), level)
    assert tuple(found.values.tolist()) == plain.interval(values, level)
    assert found["bound"].values.tolist() == ["lower", "upper"] and set(found.values) <= set(values)


def test_a_network_far_within_the_margin_is_certain_and_one_at_the_margin_is_not():
    images = 2000
    # Of the first, nothing differs. The second gets 60 more wrong and 50 more right: exactly 0.5 % more.
    wrong, ratio = labelled(networks(images, (0, 0), (60, 50)))
    found = metrics.prune_potential_interval(wrong, ratio, delta=0.005).isel(repetition=0, distribution=0)
    assert found.values.tolist() == [0.4, 0.8]
    certain = metrics.prune_potential_interval(wrong, ratio, delta=0.03).isel(repetition=0, distribution=0)
    assert certain.values.tolist() == [0.8, 0.8]


def test_what_parent_and_pruned_network_both_get_wrong_does_not_widen_the_interval():
    """The comparison is paired: the same hard images in both leave no doubt, however many there are."""
    values = np.zeros((1, 2, 1, 500), bool)
    values[..., :250] = True
    wrong, ratio = labelled(values, [0.0, 0.5])
    assert metrics.prune_potential_interval(wrong, ratio, delta=0.0).values.ravel().tolist() == [0.5, 0.5]
    assert metrics.paired_standard_error(wrong).values.tolist() == [[[0.0], [0.0]]]


@few
@given(answers)
def test_a_network_equal_to_its_parent_has_the_full_range(values):
    wrong, ratio = labelled(np.broadcast_to(values[:, :1], values.shape))
    assert (metrics.prune_potential_interval(wrong, ratio, resamples=20) == 0.8).all()


@few
@given(answers, st.floats(0, 1), st.floats(0, 1))
def test_both_ends_grow_with_delta(values, one, other):
    low, high = sorted((one, other))
    narrow, wide = (metrics.prune_potential_interval(*labelled(values), delta, resamples=20) for delta in (low, high))
    assert (narrow <= wide).all()


@few
@given(answers)
def test_the_order_of_repetitions_does_not_matter(values):
    whole, turned = (metrics.prune_potential_interval(*labelled(one), resamples=20) for one in (values, values[::-1]))
    assert (whole.isel(repetition=[1, 0]).values == turned.values).all()


def test_a_higher_level_holds_a_lower_one():
    values = np.random.default_rng(0).random((1, 3, 1, 200)) < 0.3
    resampled = metrics.resampled_prune_potential(*labelled(values), delta=0.02)
    inner, outer = (metrics.interval(resampled, level) for level in (0.5, 0.99))
    assert bool((outer.sel(bound="lower") <= inner.sel(bound="lower")).all())
    assert bool((outer.sel(bound="upper") >= inner.sel(bound="upper")).all())
    assert outer.attrs["level"] == 0.99 and outer.attrs["delta"] == 0.02


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """A pruned network that is 3 % worse, at a margin of 4 %: of 400 images, its potential is seen as 0.5 or as 0."""
    random, held = np.random.default_rng(0), 0
    for trial in range(100):
        draws = random.random(400)
        values = np.stack([draws < 0.2, (draws < 0.2) ^ ((draws > 0.9) & (draws < 0.93))])[None, :, None]
        found = metrics.prune_potential_interval(*labelled(values, [0.0, 0.5]), 0.04, resamples=200, seed=trial)
        held += bool(found.sel(bound="lower") <= 0.5 <= found.sel(bound="upper"))
    assert held >= 90


def test_fewer_images_of_one_distribution_are_resampled_among_themselves():
    values = np.random.default_rng(0).random((1, 3, 2, 100)) < 0.3
    wrong, ratio = labelled(values)
    short = wrong.astype(float).where((wrong.distribution != "fog") | (xr.DataArray(range(100), dims="image") < 40))
    found = metrics.resampled_prune_potential(short, ratio, 0.05, resamples=30)
    alone = metrics.resampled_prune_potential(wrong.sel(distribution=["fog"]).isel(image=slice(40)), ratio, 0.05, 30)
    assert (found.sel(distribution="fog") == alone.sel(distribution="fog")).all()
    error = metrics.paired_standard_error(short).sel(distribution="fog", cycle=1)
    change = values[0, 1, 1, :40].astype(float) - values[0, 0, 1, :40]
    assert error.item() == pytest.approx(change.std() / np.sqrt(40), rel=1e-5)


def test_a_cycle_that_was_not_reached_is_passed_over():
    wrong, _ = labelled(np.zeros((1, 3, 1, 50), bool))
    _, ratio = labelled(np.zeros((1, 3, 1, 50), bool), [0.0, 0.4, np.nan])
    assert (metrics.prune_potential_interval(wrong, ratio) == 0.4).all()


def test_the_same_seed_draws_the_same_images_for_both_distributions():
    values = np.repeat(np.random.default_rng(0).random((1, 3, 1, 100)) < 0.3, 2, axis=2)
    first, second = (metrics.resampled_prune_potential(*labelled(values), seed=seed) for seed in (0, 1))
    assert (first.sel(distribution="cifar10") == first.sel(distribution="fog")).all()
    assert not (first == second).all()


GOOD = labelled(np.zeros((1, 3, 1, 5), bool))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"wrong": GOOD[0].isel(image=0)}, "wrong: got dimensions .*expected 'image' among them"),
        ({"wrong": GOOD[0].sel(cycle=[1, 2])}, "wrong: got cycles .*expected 0, the unpruned parent"),
        ({"wrong": GOOD[0].isel(image=slice(0))}, "got no image of cifar10"),
        ({"prune_ratio": GOOD[1].sel(cycle=[0, 1])}, "cycle: 2 is missing from prune_ratio"),
        ({"prune_ratio": 100 * GOOD[1]}, "prune_ratio: 2 of 3 values are NaN or outside"),
        ({"delta": -0.1}, "delta: got -0.1"),
        ({"level": 95}, "level: got 95, expected a number between 0 and 1"),
        ({"resamples": 0}, "resamples: got 0, expected at least 1"),
    ],
)
def test_bad_input_is_named(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        metrics.prune_potential_interval(**{"wrong": GOOD[0], "prune_ratio": GOOD[1]} | change)
