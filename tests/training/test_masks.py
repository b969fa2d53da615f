"""Images and masks that lie in memory are trained on together."""

from __future__ import annotations

import pytest
import torch

from lostprune import tasks
from lostprune.training.feeds import Resident


def test_a_mask_is_cropped_and_flipped_with_its_image():
    images = torch.randint(0, 200, (6, 3, 40, 48), dtype=torch.uint8)
    feed = Resident(images, images[:, 0].long())
    feed.begin_epoch(torch.Generator().manual_seed(0))
    inside = feed.labels != 255
    assert torch.equal(feed.images[:, 0][inside].long(), feed.labels[inside])
    assert not feed.images[:, 0][~inside].any() and 0 < (~inside).float().mean() < 0.5
    assert not torch.equal(feed.labels.flatten(1).sort(0).values, images[:, 0].long().flatten(1).sort(0).values)


def test_a_batch_without_a_labelled_pixel_teaches_nothing():
    scores, task = torch.randn(2, 3, 4, 4, requires_grad=True), tasks.Segmentation(3)
    loss = task.loss(scores, torch.full((2, 4, 4), 255))
    loss.backward()
    assert loss.item() == 0 and not scores.grad.any()
    labels = torch.zeros(2, 4, 4, dtype=torch.int64)
    assert task.loss(scores, labels).item() == pytest.approx(-scores.log_softmax(1)[:, 0].mean().item())
