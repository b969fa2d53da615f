"""Noise, distributions and functional distances are the paper's."""

from __future__ import annotations

import pytest
import torch

import lostprune
from lostprune import evaluation, networks


def test_noise_is_uniform_within_the_level_and_not_clipped():
    inputs = torch.full((20, 3, 32, 32), 2.0)
    noise = evaluation.noisy(inputs, 0.3, seed=1) - inputs
    assert noise.abs().max() <= 0.3 + 1e-6 and noise.abs().max() > 0.299
    assert noise.mean().item() == pytest.approx(0, abs=0.005)
    assert noise.std().item() == pytest.approx(0.3 / 3**0.5, rel=0.02)
    assert torch.equal(evaluation.noisy(inputs, 0.0, seed=1), inputs)


def test_the_nominal_distribution_comes_first_and_is_untouched():
    study = lostprune.Study(scale="smoke")
    assert evaluation.distributions(study) == ("cifar10", "gaussian_noise", "brightness", "contrast")
    assert evaluation.distributions(lostprune.Study(scale="paper")) == ("cifar10", *lostprune.corruptions.NAMES)
    images, labels = evaluation.test_part(study, torch.device("cpu"))
    assert (images.shape, labels.shape) == ((200, 3, 32, 32), (200,))
    assert torch.equal(evaluation.shifted(images, "cifar10", study), images)
    assert not torch.equal(evaluation.shifted(images, "contrast", study), images)


def test_predictions_in_batches_are_predictions_of_the_whole():
    torch.manual_seed(0)
    pair, inputs = [networks.build("resnet20") for _ in range(2)], torch.randn(evaluation.BATCH + 3, 3, 32, 32)
    seen = []
    logits = evaluation.predict(pair, inputs, seen.append)
    with torch.no_grad():
        whole = torch.stack([network(inputs) for network in pair])
    torch.testing.assert_close(logits, whole, rtol=1e-3, atol=1e-4)
    assert seen == [len(inputs)] * 2


def test_errors_and_distances_by_hand():
    parent = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    other = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    labels = torch.tensor([0, 0])
    p = torch.tensor(2.0).exp() / (1 + torch.tensor(2.0).exp())
    assert evaluation.error(torch.stack([parent, other]), labels).tolist() == [0.5, 0.0]
    assert evaluation.matching_predictions(other, parent).item() == 0.5
    # the softmax outputs (p, 1-p) and (1-p, p) of the second image are sqrt(2) (2p-1) apart
    assert evaluation.softmax_distance(other, parent).item() == pytest.approx(0.5 * 2**0.5 * (2 * p.item() - 1))
