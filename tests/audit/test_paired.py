"""The paired tests: against the plain version, against known cases, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lostprune.audit import paired
from reference import paired as plain

SIMULATIONS = 1000
few = settings(max_examples=60, deadline=None)


@st.composite
def counts(draw) -> tuple[int, int, int]:
    """Images lost, won and in all."""
    images = draw(st.integers(5, 5000))
    lost = draw(st.integers(0, min(images - 1, 300)))
    return lost, draw(st.integers(0, min(images - 1 - lost, 300))), images


def simulated(difference: float, disagreement: float, images: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images lost and won in each of many test sets of two networks that differ like this."""
    lost, won = (disagreement + difference) / 2, (disagreement - difference) / 2
    drawn = np.random.default_rng(seed).multinomial(images, [lost, won, 1 - disagreement], SIMULATIONS)
    return drawn[:, 0], drawn[:, 1]


def at_most(share: float, expected: float) -> bool:
    """Within three standard errors of the simulation."""
    return share <= expected + 3 * np.sqrt(expected * (1 - expected) / SIMULATIONS)


@few
@given(counts(), st.floats(-0.3, 0.3))
def test_the_statistic_is_that_of_the_plain_version(drawn, delta):
    assert paired.statistic(*drawn, delta) == pytest.approx(plain.statistic(*drawn, delta), rel=1e-4, abs=1e-4)


@few
@given(counts())
def test_the_bounds_are_where_the_plain_statistic_is_the_quantile(drawn):
    lost, won, images = drawn
    lower, upper = paired.bounds(lost, won, images)
    assert upper == pytest.approx(plain.upper_bound(lost, won, images, norm.ppf(0.95)), abs=1e-5)
    assert lower == pytest.approx(-plain.upper_bound(won, lost, images, norm.ppf(0.95)), abs=1e-5)
    assert -1 <= lower <= (lost - won) / images <= upper <= 1


@few
@given(counts(), st.floats(-0.2, 0.2))
def test_the_verdict_is_what_the_bounds_say(drawn, delta):
    lower, upper = paired.bounds(*drawn)
    expected = "safe" if upper <= delta else "unsafe" if lower > delta else "cannot tell"
    if min(abs(upper - delta), abs(lower - delta)) > 1e-9:
        assert paired.verdict(*drawn, delta) == expected


def test_arrays_broadcast():
    found = paired.verdict(np.array([[0], [200], [30]]), 0, np.array([10_000, 2_000]), 0.005)
    assert found.tolist() == [["safe", "safe"], ["unsafe", "unsafe"], ["safe", "unsafe"]]


def test_every_image_lost_or_won_is_no_special_case():
    assert paired.bounds(50, 0, 50)[1] == pytest.approx(1)
    assert paired.bounds(0, 50, 50)[0] == pytest.approx(-1)
    assert paired.verdict([50, 0, 0], [0, 50, 0], 50).tolist() == ["unsafe", "safe", "cannot tell"]


@pytest.mark.parametrize(("images", "verdict"), [(538, "cannot tell"), (539, "safe")])
def test_without_a_flip_539_images_are_safe_at_half_a_percent(images, verdict):
    assert paired.verdict(0, 0, images) == verdict
    assert paired.images_needed(0, 0, images) == 539


@pytest.mark.parametrize(("images", "expected"), [(10_000, 0.0056), (1_000, 0.0176)])
def test_five_percent_disagreement_tells_this_apart(images, expected):
    assert paired.minimum_detectable(0.02 * images, 0.03 * images, images) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("lost", "won", "images"), [(5, 3, 1000), (20, 22, 2000), (0, 2, 400), (300, 290, 10_000)])
def test_images_needed_is_the_smallest_number_that_the_plain_search_finds(lost, won, images):
    z = norm.ppf(0.95) + norm.ppf(0.8)
    assert paired.images_needed(lost, won, images) == pytest.approx(
        plain.images_needed(lost, won, images, 0.005, z), rel=1e-4, abs=1
    )


def test_images_needed_is_the_large_sample_form_where_many_flip():
    lost, won, images, delta = 1200, 1150, 20_000, 0.005
    difference, disagreement = (lost - won) / images, (lost + won) / images
    z = norm.ppf(0.95) + norm.ppf(0.8)
    wald = (z / (delta - difference)) ** 2 * (disagreement - difference**2)
    assert paired.images_needed(lost, won, images, delta) == pytest.approx(wald, rel=0.01)


def test_images_needed_for_a_loss_above_the_margin_and_on_it():
    assert 1000 < paired.images_needed(9, 2, 1000, delta=0.005) < np.inf  # d = 0.007
    assert np.isnan(paired.images_needed(7, 2, 1000, delta=0.005))


def test_as_many_images_as_needed_decide_in_four_of_five_test_sets():
    needed = int(paired.images_needed(20, 20, 1000, delta=0.005))
    lost, won = simulated(0, 0.04, needed)
    assert (paired.verdict(lost, won, needed, 0.005) == "safe").mean() == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("images", [500, 2000, 10_000])
@pytest.mark.parametrize("disagreement", [0.006, 0.02, 0.1])
def test_networks_on_the_margin_are_rarely_called_safe_or_unsafe(images, disagreement):
    lost, won = simulated(0.005, disagreement, images, seed=images)
    found = paired.verdict(lost, won, images, 0.005)
    assert at_most((found == "safe").mean(), paired.ALPHA)
    # Scores of few flips are lopsided: Tango's bounds keep their level up to about half of it more.
    assert at_most((found == "unsafe").mean(), 1.5 * paired.ALPHA)


@pytest.mark.parametrize("images", [200, 1000, 10_000])
@pytest.mark.parametrize(("difference", "disagreement"), [(0.0, 0.02), (0.01, 0.05), (-0.02, 0.1), (0.1, 0.3)])
def test_the_bounds_hold_as_often_as_they_say(images, difference, disagreement):
    lost, won = simulated(difference, disagreement, images, seed=images)
    lower, upper = paired.bounds(lost, won, images)
    assert at_most((upper < difference).mean(), paired.ALPHA)
    assert at_most((lower > difference).mean(), paired.ALPHA)


@pytest.mark.parametrize(("images", "disagreement"), [(1000, 0.05), (2000, 0.04), (10_000, 0.1)])
def test_where_the_test_cannot_find_the_margin_it_says_so(images, disagreement):
    assert paired.minimum_detectable(images * disagreement, 0, images) > 0.005
    lost, won = simulated(0, disagreement, images)
    found = paired.verdict(lost, won, images, 0.005)
    assert (found == "cannot tell").mean() > 0.2
    assert at_most((found == "unsafe").mean(), paired.ALPHA)


def test_where_it_can_networks_that_are_equal_are_found_safe():
    lost, won = simulated(0, 0.02, 10_000)
    assert (paired.verdict(lost, won, 10_000, 0.005) == "safe").mean() > 0.8


def test_p_values_are_small_where_the_loss_is_above_the_margin():
    assert paired.p_unsafe(200, 20, 2000) < 1e-6 < 0.05 < paired.p_unsafe(20, 20, 2000)
