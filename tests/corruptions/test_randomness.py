from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from lostprune.corruptions.randomness import ImageRandomness, draw_seeds
from reference.corruptions_random import PlainRandom, mix

SEEDS = torch.arange(300)  # neighbours: the hardest case for a hash
FIELDS = {"uniform": stats.uniform, "normal": stats.norm}


def field(kind: str, seeds: torch.Tensor = SEEDS, shape: tuple[int, ...] = (3, 32, 32)) -> torch.Tensor:
    return getattr(ImageRandomness(seeds), kind)(*shape)


@given(seed=st.integers(0, 2**63 - 1), sizes=st.lists(st.integers(0, 40), max_size=3))
@example(seed=4509839, sizes=[23])
def test_fields_equal_the_plain_version(seed, sizes):
    random, plain = ImageRandomness(torch.tensor([seed])), PlainRandom(seed)
    for size in sizes:  # one after the other, odd and even
        assert random.words(size)[0].tolist() == plain.words(size).tolist()
        assert random.uniform(size)[0].tolist() == plain.uniform(size).tolist()
        assert random.integers(10, size)[0].tolist() == plain.integers(10, size).tolist()
        # The angle is rounded to float32 before its cosine is taken, and a radius of up to 6 enlarges that.
        np.testing.assert_allclose(random.normal(size)[0], plain.normal(size), atol=1e-5, rtol=2e-6)


def test_the_hash_is_splitmix64():
    # the published sequence of SplitMix64 started at 1234567
    state, step = 1234567, 0x9E3779B97F4A7C15
    got = [mix((state + index * step) % 2**64) for index in range(3)]
    assert got == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_whole_numbers_are_equally_probable_up_to_bounds_of_their_own():
    bounds = torch.tensor([1, 2, 7, 1000])
    numbers = ImageRandomness(torch.arange(4)).integers(bounds[:, None], 50_000)
    assert numbers.amin(dim=1).tolist() == [0] * 4 and numbers.amax(dim=1).tolist() == (bounds - 1).tolist()
    for row, bound in zip(numbers, bounds.tolist(), strict=True):
        assert bound == 1 or stats.chisquare(torch.bincount(row, minlength=bound)).pvalue > 0.001


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_has_its_distribution(kind):
    values = field(kind).flatten().double().numpy()
    expected, tolerance = FIELDS[kind], 5 / np.sqrt(values.size)
    assert abs(values.mean() - expected.mean()) < tolerance * expected.std()
    assert abs(values.var() / expected.var() - 1) < 2 * tolerance
    assert stats.kstest(values, expected.cdf).pvalue > 0.001


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("stride", [1, 2, 256])
def test_neighbouring_seeds_are_not_correlated(kind, stride):
    values = field(kind, SEEDS * stride).flatten(1)
    values = values - values.mean()
    correlation = (values[1:] * values[:-1]).mean() / values.var()
    assert abs(correlation) < 5 / np.sqrt(values[1:].numel())


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("offset", [1, 32, 768, 1024, 1536])
def test_places_of_one_field_are_not_correlated(kind, offset):
    values = field(kind).flatten(1)
    values = values - values.mean()
    correlation = (values[:, offset:] * values[:, :-offset]).mean() / values.var()
    assert abs(correlation) < 5 / np.sqrt(values[:, offset:].numel())


def test_fields_drawn_one_after_the_other_differ():
    random = ImageRandomness(SEEDS)
    first, second = random.normal(3, 8, 8), random.normal(3, 8, 8)
    correlation = (first * second).mean()
    assert abs(correlation) < 5 / np.sqrt(first.numel())


def test_every_bit_of_a_seed_matters():
    fields = field("uniform", torch.tensor([0] + [1 << bit for bit in range(63)]), (4,))
    assert len(fields.unique(dim=0)) == 64


@given(st.lists(st.integers(1, 7), max_size=5))
def test_odd_sizes_have_their_shape(shape):
    assert field("normal", SEEDS[:3], tuple(shape)).shape == (3, *shape)


@given(st.integers(0, 40), st.integers(0, 40))
def test_seeds_drawn_in_two_goes_are_those_of_one(first, second):
    generator = torch.Generator().manual_seed(7)
    parts = torch.cat([draw_seeds(first, generator), draw_seeds(second, generator)])
    assert torch.equal(parts, draw_seeds(first + second, torch.Generator().manual_seed(7)))
