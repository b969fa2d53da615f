"""Noise, distributions and functional distances are the paper's."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch

import lostprune
from conftest import TINY
from lostprune import corruptions, data
from lostprune.measurement import test_sets


def test_noise_is_uniform_within_the_level_and_not_clipped():
    inputs = torch.full((20, 3, 32, 32), 2.0)
    noise = test_sets.noisy(inputs, 0.3, seed=1) - inputs
    assert noise.abs().max() <= 0.3 + 1e-6 and noise.abs().max() > 0.299
    assert noise.mean().item() == pytest.approx(0, abs=0.005)
    assert noise.std().item() == pytest.approx(0.3 / 3**0.5, rel=0.02)
    assert torch.equal(test_sets.noisy(inputs, 0.0, seed=1), inputs)


def test_the_nominal_distribution_comes_first_and_is_untouched():
    study, cpu = lostprune.Study(scale="smoke"), torch.device("cpu")
    assert test_sets.distributions(study) == ("cifar10", "gaussian_noise", "brightness", "contrast")
    everything = ("cifar10", "cifar10_1", *lostprune.corruptions.NAMES)
    assert test_sets.distributions(lostprune.Study(scale="paper")) == everything
    whole = data.load("cifar10", "test")
    images, labels, source = test_sets.test_images(study, "cifar10", cpu)
    assert torch.equal(images, whole.images[:200]) and torch.equal(labels, whole.labels[:200])
    assert source == "cifar10 test"


def test_a_corrupted_set_is_made_once_and_the_oldest_is_forgotten(monkeypatch):
    study, cpu, made = lostprune.Study(scale=TINY, seed=3), torch.device("cpu"), []
    real = test_sets.corruptions.corrupt_any
    monkeypatch.setattr(test_sets, "_cached", OrderedDict())
    monkeypatch.setattr(test_sets.corruptions, "corrupt_any", lambda *a: made.append(a[1:3]) or real(*a))
    monkeypatch.setattr(test_sets, "CACHED_BYTES", 2 * 50 * 3072)
    first = test_sets.test_images(study, "contrast", cpu)
    again = test_sets.test_images(study, "contrast", cpu)
    assert made == [("contrast", 3)] and again.images is first.images and first.source == "generated"
    test_sets.test_images(study, "contrast", cpu, 5)
    test_sets.test_images(study, "brightness", cpu)
    assert torch.equal(test_sets.test_images(study, "contrast", cpu).images, first.images)
    assert made == [("contrast", 3), ("contrast", 5), ("brightness", 3), ("contrast", 3)]


def test_the_published_images_are_used_where_they_lie(monkeypatch):
    study, published = lostprune.Study(scale=TINY), torch.full((50, 3, 32, 32), 7, dtype=torch.uint8)
    monkeypatch.setattr(test_sets, "_cached", OrderedDict())
    monkeypatch.setattr(corruptions, "published_corruption", lambda name, severity, count: published[:count])
    images, labels, source = test_sets.test_images(study, "fog", torch.device("cpu"), 2)
    assert source == "CIFAR-10-C" and torch.equal(images, published) and len(labels) == 50


def test_errors_and_distances_by_hand():
    parent = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    other = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    labels = torch.tensor([0, 0])
    p = torch.tensor(2.0).exp() / (1 + torch.tensor(2.0).exp())
    assert test_sets.error(torch.stack([parent, other]), labels).tolist() == [0.5, 0.0]
    assert test_sets.matching_predictions(other, parent).item() == 0.5
    # the softmax outputs (p, 1-p) and (1-p, p) of the second image are sqrt(2) (2p-1) apart
    assert test_sets.softmax_distance(other, parent).item() == pytest.approx(0.5 * 2**0.5 * (2 * p.item() - 1))
