"""Verdicts over several ratios and several distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lostprune.audit import families, paired
from reference import paired as plain


def test_the_first_ratio_that_is_not_safe_ends_the_test():
    safe = np.array([[True, True, False, True], [False, True, True, True], [True] * 4])
    assert families.potential_lower_bound(safe, np.array([0.2, 0.5, 0.8, 0.9])).tolist() == [0.5, 0.0, 0.9]


def test_ratios_are_tested_from_mild_to_strong_whatever_their_order():
    assert families.potential_lower_bound(np.array([True, False, True]), np.array([0.5, 0.9, 0.2])) == 0.5


def test_a_ratio_that_was_not_reached_ends_the_test():
    assert families.potential_lower_bound(np.array([True, True]), np.array([0.4, np.nan])) == 0.4
    assert families.potential_lower_bound(np.array([], bool), np.array([])) == 0


def test_the_potential_is_too_high_as_rarely_as_the_level_says():
    """Five ratios; the third and all after it lose more than the margin, by just a little."""
    random, images, delta = np.random.default_rng(0), 5000, 0.005
    losses, simulations = [0.0, 0.001, 0.0051, 0.006, 0.02], 1000
    safe = []
    for loss in losses:
        drawn = random.multinomial(images, [(0.03 + loss) / 2, (0.03 - loss) / 2, 0.97], simulations)
        safe.append(paired.verdict(drawn[:, 0], drawn[:, 1], images, delta) == "safe")
    bound = families.potential_lower_bound(np.stack(safe, -1), np.array([0.1, 0.3, 0.5, 0.7, 0.9]))
    assert (bound > 0.3).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / simulations)
    assert (bound > 0).mean() > 0.2


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=12), st.sampled_from([0.01, 0.05, 0.1]))
def test_holm_is_the_plain_version(p_values, alpha):
    assert families.holm(np.array(p_values), alpha).tolist() == plain.holm(p_values, alpha)


@pytest.mark.parametrize(
    ("verdicts", "p_values", "expected"),
    [
        (["safe", "safe"], [0.9, 0.99], "safe"),
        (["safe", "cannot tell"], [0.9, 0.3], "cannot tell"),
        (["safe", "unsafe"], [0.9, 0.001], "unsafe"),
        (["safe", "unsafe", "safe"], [0.9, 0.04, 0.9], "cannot tell"),  # one of three is unsafe by chance
    ],
)
def test_safe_on_all_needs_safe_on_each_and_unsafe_on_some_is_corrected(verdicts, p_values, expected):
    assert families.overall_verdict(np.array(verdicts), np.array(p_values)) == expected
