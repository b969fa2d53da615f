"""What is counted per image becomes the errors that the field reports."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.segmentation import MeanIoU

from lostprune import tasks


def random(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def classes(seed: int, high: int, *shape: int) -> torch.Tensor:
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


def test_classification_counts_wrong_images_and_those_whose_class_is_not_among_five():
    task, outputs, labels = tasks.Classification(), random(0, 200, 20), classes(1, 20, 200)
    counts = task.counts(outputs, labels)
    assert counts.shape == (200, 2) and counts.dtype == torch.int64
    for errors, top in ((task.error(counts), 1), (task.named_errors(counts)["top5_error"], 5)):
        accuracy = MulticlassAccuracy(num_classes=20, top_k=top, average="micro")(outputs, labels)
        assert errors == pytest.approx(1 - accuracy.item(), abs=1e-6)


def test_five_classes_have_no_top_5_error():
    counts = tasks.Classification().counts(random(0, 7, 5), classes(1, 5, 7))
    assert counts.shape == (7, 1) and tasks.Classification().named_errors(counts) == {}


def test_the_loss_is_a_mean_over_what_is_labelled():
    """So the loss of all images is that of blocks, by these weights."""
    task, outputs, masks = tasks.Segmentation(3), random(0, 4, 3, 5, 5), classes(1, 3, 4, 5, 5)
    masks[0], masks[1, :2] = task.ignore, task.ignore
    parts = [(task.loss(o, m), task.labelled(m)) for o, m in zip(outputs.split(1), masks.split(1), strict=True)]
    assert [weight for _, weight in parts] == [0, 15, 25, 25] and parts[0][0] == 0
    mean = sum(loss * weight for loss, weight in parts[1:]) / task.labelled(masks)
    assert mean.item() == pytest.approx(task.loss(outputs, masks).item())
    assert tasks.Classification().labelled(torch.zeros(7)) == 7


def test_the_loss_is_float32_for_training_and_float64_where_asked():
    task, outputs, labels = tasks.Classification(), random(0, 9, 10), classes(1, 10, 9)
    assert torch.equal(task.loss(outputs.bfloat16(), labels), F.cross_entropy(outputs.bfloat16().float(), labels))
    assert torch.equal(task.loss(outputs, labels, torch.float64), F.cross_entropy(outputs.double(), labels))


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 4))
def test_the_iou_error_is_that_of_torchmetrics(seed, count, images):
    task = tasks.Segmentation(count)
    outputs, labels = random(seed, images, count, 5, 6), classes(seed + 1, count, images, 5, 6)
    labels[0, 0, 0] = 0  # at least one pixel counts
    labels[classes(seed + 2, 4, *labels.shape) == 0] = 255
    if (labels == 255).all():
        labels[0, 0, 0] = 0
    predicted = outputs.argmax(1)
    metric = MeanIoU(num_classes=count, input_format="index", per_class=True)
    kept = labels != 255
    ious = metric(predicted[kept][None], labels[kept][None])  # the whole set as one image without ignored pixels
    occurs = torch.cat([predicted[kept], labels[kept]]).bincount(minlength=count) > 0
    assert task.error(task.counts(outputs, labels)) == pytest.approx(1 - ious[occurs].mean().item(), abs=1e-6)


def test_the_iou_is_that_of_the_whole_set_and_not_the_mean_over_images():
    task = tasks.Segmentation(2)
    # class 1: one pixel of one in the first image, one of three in the second; class 0: none, and none of two
    labels = torch.tensor([[[1, 255, 255]], [[1, 1, 1]]])
    outputs = F.one_hot(torch.tensor([[[1, 0, 0]], [[1, 0, 0]]]), 2).permute(0, 3, 1, 2).float()
    counts = task.counts(outputs, labels)
    assert counts.tolist() == [[[0, 0], [0, 1]], [[0, 0], [2, 1]]]
    assert task.error(counts) == pytest.approx(1 - (0 / 2 + 2 / 4) / 2)
    assert task.named_errors(counts) == {"iou_error": task.error(counts), "pixel_error": pytest.approx(2 / 4)}


def test_a_class_that_does_not_occur_does_not_count():
    counts = torch.tensor([[[3, 1, 0], [0, 4, 0], [0, 0, 0]]])
    assert tasks.Segmentation(3).error(counts) == pytest.approx(1 - (3 / 4 + 4 / 5) / 2)
    with pytest.raises(ValueError, match="got 1 images without a labelled pixel"):
        tasks.Segmentation(3).error(torch.zeros(1, 3, 3, dtype=torch.int64))


def test_the_auxiliary_head_counts_half_and_ignored_pixels_do_not_count():
    task, labels = tasks.Segmentation(3), classes(0, 3, 2, 4, 4)
    labels[:, 0] = 255
    out, auxiliary = random(1, 2, 3, 4, 4), random(2, 2, 3, 4, 4)

    def plain(logits):
        chosen = logits.permute(0, 2, 3, 1)[labels != 255].double().log_softmax(-1)
        return -chosen.gather(1, labels[labels != 255][:, None]).mean()

    loss = task.loss({"out": out, "aux": auxiliary}, labels, torch.float64)
    assert loss.item() == pytest.approx((plain(out) + plain(auxiliary) / 2).item())
    assert task.loss(out, labels, torch.float64).item() == pytest.approx(plain(out).item())
    assert torch.equal(task.counts({"out": out, "aux": auxiliary}, labels), task.counts(out, labels))


def test_functional_distances_by_hand_for_images_and_for_pixels():
    parent, other = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    p = torch.tensor(2.0).exp() / (1 + torch.tensor(2.0).exp())
    # the softmax outputs (p, 1-p) and (1-p, p) of the second image are sqrt(2) (2p-1) apart
    expected = pytest.approx(0.5 * 2**0.5 * (2 * p.item() - 1))
    assert tasks.matching_predictions(other, parent).item() == 0.5
    assert tasks.softmax_distance(other, parent).item() == expected
    as_pixels = [{"out": logits.T[None, :, None, :]} for logits in (other, parent)]
    assert tasks.matching_predictions(*as_pixels).item() == 0.5
    assert tasks.softmax_distance(*as_pixels).item() == expected
