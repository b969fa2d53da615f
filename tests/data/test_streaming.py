"""Batches from image files: the views of the paper, in the asked order, the same for any number of workers."""

from __future__ import annotations

import multiprocessing

import pytest
import torch

from fixtures import trees
from lostprune import data
from lostprune.data import streaming, views
from lostprune.data.datasets import DATASETS


@pytest.fixture
def imagenet(tmp_path):
    trees.imagenet_folders(tmp_path / "imagenet")
    return data.load("imagenet", "train", tmp_path)


@pytest.fixture
def voc(tmp_path):
    trees.voc(tmp_path)
    return data.load("voc", "train", tmp_path)


def read(split, view, order, seed=0, batch_size=4):
    sizes = [len(part) for part in torch.tensor(order).split(batch_size)]
    return list(streaming.batches(split, view, sizes, torch.tensor(order), seed))


def test_batches_follow_the_order_and_the_sizes(imagenet):
    view = views.test_view(DATASETS["imagenet"], 32)
    batches = read(imagenet, view, [3, 0, 5, 1, 8])
    assert [len(images) for images, _ in batches] == [4, 1] and batches[0][0].dtype == torch.uint8
    assert torch.cat([labels for _, labels in batches]).tolist() == [imagenet.labels[i] for i in (3, 0, 5, 1, 8)]
    assert torch.equal(batches[1][0][0], view(imagenet.images[8]))


def test_what_is_drawn_depends_on_seed_and_image_alone(imagenet, monkeypatch):
    view = views.train_view(DATASETS["imagenet"], 32)
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")
    state = torch.get_rng_state()
    alone = torch.cat([images for images, _ in read(imagenet, view, [4, 1, 7, 0, 2], seed=1)])
    assert torch.equal(torch.get_rng_state(), state)
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "2")
    turned = torch.cat([images for images, _ in read(imagenet, view, [2, 0, 7, 1, 4], seed=1, batch_size=2)])
    assert torch.equal(alone, turned.flip(0))
    other = torch.cat([images for images, _ in read(imagenet, view, [4, 1, 7, 0, 2], seed=2)])
    assert not torch.equal(alone, other)


def test_a_signal_to_stop_is_left_to_the_process_that_reads(imagenet, monkeypatch):
    """Slurm sends it to all processes of a job; the one that trains still has to end its epoch."""
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "2")
    view, before = views.test_view(DATASETS["imagenet"], 32), set(multiprocessing.active_children())
    batches = streaming.batches(imagenet, view, [1] * 8, torch.arange(8))
    next(batches), next(batches)  # both workers have begun
    reading = set(multiprocessing.active_children()) - before  # those of other tests end when memory is cleared
    assert len(reading) == 2
    for worker in reading:
        worker.terminate()
    assert len(list(batches)) == 6
    assert not reading & set(multiprocessing.active_children())


def test_the_test_view_of_imagenet_is_the_centre_and_of_tiny_imagenet_the_whole():
    image = torch.zeros(3, 256, 300, dtype=torch.uint8)
    image[:, 16:240, 38:262] = 255
    assert (views.test_view(DATASETS["imagenet"], 224)(image) == 255).all()
    assert torch.equal(views.test_view(DATASETS["tiny_imagenet"], 256)(image[:, :, :256]), image[:, :, :256])


def test_masks_move_with_their_images_and_are_ignored_outside(voc):
    # Red where the class is even: the image says of every pixel which half its class belongs to.
    class Halves:
        def __getitem__(self, index):
            even = (voc.labels[index] % 2 == 0) & (voc.labels[index] != 255)
            return torch.stack([even, even, even]).byte() * 200 + 20

    split = data.Split(Halves(), voc.labels, voc.classes)
    view = views.train_view(DATASETS["voc"], 97)
    images, labels = next(streaming.batches(split, view, [3], torch.arange(3), seed=3))
    assert images.shape == (3, 3, 97, 97) and labels.shape == (3, 97, 97) and labels.dtype == torch.int64
    outside = (images == 0).all(1)
    assert outside.any() and (labels[outside] == 255).all()
    inside = labels != 255
    even = (labels % 2 == 0)[inside]
    bright = images[:, 0][inside].float()
    assert bright[even].mean() > 1.5 * bright[~even].mean()


def test_a_test_mask_is_resized_with_its_image_and_has_no_new_classes(voc):
    images, labels = next(streaming.batches(voc, views.test_view(DATASETS["voc"], 33), [2], torch.tensor([0, 1])))
    assert images.shape == (2, 3, 33, 33) and labels.shape == (2, 33, 33)
    for label, whole in zip(labels, (voc.labels[0], voc.labels[1]), strict=True):
        assert set(label.unique().tolist()) <= set(whole.unique().tolist())


def test_a_wrong_number_of_workers_is_refused(imagenet, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "many")
    with pytest.raises(ValueError, match="LOSTPRUNE_WORKERS: got 'many'"):
        read(imagenet, views.test_view(DATASETS["imagenet"], 32), [0])
