"""Corruptions mixed within a batch: each image its own, as if it had been corrupted alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lostprune import corruptions, data
from lostprune.training import TRAIN_CORRUPTIONS

NINE = TRAIN_CORRUPTIONS["robust"]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def photographs() -> torch.Tensor:
    return data.load("cifar10", "train").images[:200]


def candidates(images: torch.Tensor, names: tuple[str, ...], seed: int) -> torch.Tensor:
    """What every image may become: itself, then each of the names, uint8 [1 + names, n, 3, h, w]."""
    return torch.stack([images, *(corruptions.corrupt(images, name, generator=seeded(seed)) for name in names)])


def test_an_image_becomes_what_corrupt_makes_of_it_with_the_same_randomness(photographs):
    mixed = corruptions.corrupt_mixed(photographs, NINE, generator=seeded(5))
    same = (candidates(photographs, NINE, 5) == mixed).flatten(2).all(2)
    assert same.any(0).all()
    assert same.any(1).all()  # none, and each of the nine, for some image


def test_ten_equal_chances():
    # On this image every corruption leaves a trace, and none the same.
    image = torch.arange(3 * 16 * 16).view(1, 3, 16, 16).mul(37).fmod(256).to(torch.uint8)
    images = image.expand(3000, -1, -1, -1)
    mixed = corruptions.corrupt_mixed(images, NINE, generator=seeded(0))
    same = (candidates(images, NINE, 0) == mixed).flatten(2).all(2)
    assert (same.sum(0) == 1).all()
    assert stats.chisquare(same.sum(1)).pvalue > 0.001


@settings(max_examples=40)
@given(first=st.integers(0, 20), second=st.integers(0, 20), seed=st.integers(0, 2**62))
def test_two_batches_are_one(first, second, seed):
    names = ("contrast", "impulse_noise")
    images = torch.randint(256, (first + second, 3, 6, 5), dtype=torch.uint8, generator=seeded(seed))
    generator = seeded(seed)
    parts = [corruptions.corrupt_mixed(part, names, generator=generator) for part in images.split([first, second])]
    assert torch.equal(torch.cat(parts), corruptions.corrupt_mixed(images, names, generator=seeded(seed)))


def test_the_same_image_is_never_corrupted_twice_in_the_same_way():
    image = torch.full((200, 3, 16, 16), 128, dtype=torch.uint8)
    noisy = corruptions.corrupt_mixed(image, ("shot_noise",), generator=seeded(1)).flatten(1)
    changed = noisy[(noisy != 128).any(1)]
    assert 70 < len(changed) < 130 and len(changed.unique(dim=0)) == len(changed)


def test_images_are_left_alone(photographs):
    before = photographs.clone()
    corruptions.corrupt_mixed(photographs, NINE)
    assert torch.equal(photographs, before)


def test_without_names_nothing_happens(photographs):
    assert torch.equal(corruptions.corrupt_mixed(photographs, ()), photographs)


@pytest.mark.parametrize(
    "names, error, message",
    [
        (("contrast", "snoww"), ValueError, "corruption: got 'snoww', .*did you mean 'snow'"),
        ("snow", TypeError, "names: got 'snow', expected several"),
    ],
)
def test_wrong_names_are_refused(photographs, names, error, message):
    with pytest.raises(error, match=message):
        corruptions.corrupt_mixed(photographs, names)


def test_every_corruption_has_one_category():
    listed = [name for names in corruptions.CATEGORIES.values() for name in names]
    assert sorted(listed) == sorted(corruptions.NAMES)
