"""Noise, distributions and functional distances are the paper's."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lostprune
from conftest import TINY
from lostprune import corruptions, data
from lostprune.measurement import choice, test_sets
from lostprune.measurement.noise import noisy

CPU = torch.device("cpu")


def test_noise_is_uniform_within_the_level_and_not_clipped():
    inputs = torch.full((20, 3, 32, 32), 2.0)
    noise = noisy(inputs, 0.3, seed=1) - inputs
    assert noise.abs().max() <= 0.3 + 1e-6 and noise.abs().max() > 0.299
    assert noise.mean().item() == pytest.approx(0, abs=0.005)
    assert noise.std().item() == pytest.approx(0.3 / 3**0.5, rel=0.02)
    assert torch.equal(noisy(inputs, 0.0, seed=1), inputs)


def test_the_distributions_of_a_scale():
    assert test_sets.distributions(lostprune.Study(scale="smoke")) == (
        "cifar10", "gaussian_noise", "brightness", "contrast"
    )  # fmt: skip
    everything = ("cifar10", "cifar10_1", *lostprune.corruptions.NAMES)
    assert test_sets.distributions(lostprune.Study(scale="paper")) == everything


def test_the_nominal_images_are_untouched_and_spread_over_the_classes():
    study = lostprune.Study(scale="smoke")
    whole = data.load("cifar10", "test")
    images, labels, places = test_sets.nominal(study)
    assert torch.equal(images, whole.images[places]) and torch.equal(labels, whole.labels[places])
    assert labels.bincount().tolist() == [20] * 10
    shown = test_sets.test_set(study, "cifar10", CPU)
    assert torch.equal(shown.images(), images) and shown.source == "cifar10 test" and shown.constants is None
    other = test_sets.nominal(dataclasses.replace(study, seed=1))
    assert not torch.equal(other[2], places) and test_sets.digest(study) != test_sets.digest(
        dataclasses.replace(study, seed=1)
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_a_choice_is_as_even_as_the_classes_allow_and_holds_every_smaller_one(labels, drawn):
    labels, seed = torch.tensor(labels), drawn.draw(st.integers(0, 9))
    count = drawn.draw(st.integers(1, len(labels)))
    places = choice.chosen(labels, count, seed)
    assert len(places) == count == len(places.unique())
    assert set(choice.chosen(labels, count - 1, seed).tolist()) <= set(places.tolist())
    taken, there = labels[places].bincount(minlength=5), labels.bincount(minlength=5)
    short = taken[taken < there]  # of these more could have been taken
    assert len(short) == 0 or taken.max() <= short.min() + 1


def test_ranges_of_a_corrupted_set_are_the_whole(monkeypatch):
    study = lostprune.Study(scale=TINY, seed=3)
    whole = test_sets.test_set(study, "gaussian_noise", CPU).images()
    monkeypatch.setattr(test_sets, "BLOCK_VALUES", 7 * 3072)
    blocks = list(test_sets.test_set(study, "gaussian_noise", CPU).blocks())
    assert [len(images) for images, _ in blocks] == [7] * 7 + [1]
    assert torch.equal(torch.cat([images for images, _ in blocks]), whole)
    assert torch.equal(torch.cat([labels for _, labels in blocks]), test_sets.nominal(study)[1])


def test_a_corrupted_set_is_made_once_and_the_oldest_is_forgotten(monkeypatch):
    study, made = lostprune.Study(scale=TINY, seed=4), []
    real = test_sets.corruptions.corrupt_any
    monkeypatch.setattr(test_sets.corruptions, "corrupt_any", lambda *a: made.append(a[1:3]) or real(*a))
    monkeypatch.setattr(test_sets, "CACHED_BYTES", 2 * 50 * 3072)

    def images(name: str, severity: int = 3) -> torch.Tensor:
        return test_sets.test_set(study, name, CPU, severity).images()

    first = images("contrast")
    assert images("contrast") is first and made == [("contrast", 3)]
    images("contrast", 5)
    images("brightness")
    assert torch.equal(images("contrast"), first)
    assert made == [("contrast", 3), ("contrast", 5), ("brightness", 3), ("contrast", 3)]


def test_the_published_images_are_used_where_they_lie(monkeypatch):
    study, published = lostprune.Study(scale=TINY, seed=5), torch.zeros(10_000, 3, 32, 32, dtype=torch.uint8)
    published[:, 0, 0, 0] = torch.arange(10_000) % 251
    monkeypatch.setattr(corruptions, "published_corruption", lambda name, severity, count=None: published[:count])
    shown = test_sets.test_set(study, "fog", CPU, 2)
    assert shown.source == "CIFAR-10-C" and shown.constants is None and len(shown) == 50
    assert torch.equal(shown.images(), published[test_sets.nominal(study)[2]])
