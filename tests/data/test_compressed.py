"""JPEG files that a device decodes: the same images as the workers' own, whatever it cannot decode among them."""

from __future__ import annotations

import logging

import pytest
import torch
from PIL import Image

from fixtures import trees
from lostprune import data
from lostprune.data import compressed, views
from lostprune.data.datasets import DATASETS

CPU = torch.device("cpu")
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
]


@pytest.fixture
def imagenet(tmp_path):
    trees.imagenet_folders(tmp_path / "imagenet")
    return data.load("imagenet", "train", tmp_path)


def one_batch(split, view, order, device=None, seed=1):
    return next(data.batches(split, view, [len(order)], torch.tensor(order), seed, device))


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_gives_the_images_that_workers_give(imagenet, device):
    view = views.train_view(DATASETS["imagenet"], 32)
    images, labels = one_batch(imagenet, view, [4, 1, 7], torch.device(device))
    expected, expected_labels = one_batch(imagenet, view, [4, 1, 7])
    assert images.device.type == labels.device.type == device
    assert torch.equal(labels.cpu(), expected_labels)
    difference = (images.cpu().int() - expected.int()).abs().float()
    assert (difference.max() == 0) if device == "cpu" else (difference.mean() < 2)


@pytest.mark.parametrize("device", DEVICES)
def test_masks_move_with_images_that_a_device_decodes(tmp_path, device):
    trees.voc(tmp_path)
    voc = data.load("voc", "train", tmp_path)
    view = views.train_view(DATASETS["voc"], 65)
    images, labels = one_batch(voc, view, [0, 2], torch.device(device))
    expected = one_batch(voc, view, [0, 2])[1]
    assert images.device.type == device and torch.equal(labels.cpu(), expected)


def test_files_that_no_gpu_decodes_are_decoded_by_workers(imagenet):
    pictures = imagenet.images
    picture = Image.open(pictures.files.path(0))
    picture.convert("CMYK").save(pictures.files.path(0), "JPEG")
    picture.save(pictures.files.path(1), "PNG")
    picture.convert("L").save(pictures.files.path(2), "JPEG")
    split = data.load("imagenet", "train", pictures.files.root.parent.parent)
    contents = [compressed.read(split.images, index) for index in range(3)]
    assert [content.ndim for content in contents] == [3, 3, 1]
    for image, expected in zip(compressed.decode(contents, split.images, range(3), CPU), split.images, strict=False):
        assert torch.equal(image, expected)


def test_a_batch_that_a_device_refuses_is_decoded_on_the_cpu(imagenet, caplog):
    contents = [compressed.read(imagenet.images, index) for index in range(3)]
    contents[1] = contents[1][: len(contents[1]) // 8]  # as if the device knew only a part of the format
    with caplog.at_level(logging.WARNING, "lostprune"):
        images = compressed.decode(contents, imagenet.images, range(3), CPU)
    assert all(torch.equal(image, imagenet.images[index]) for index, image in enumerate(images))
    assert "on the CPU" in caplog.text


def test_a_damaged_file_is_named(imagenet, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")  # the error would keep the others alive
    path = imagenet.images.files.path(1)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(data.DamagedImage, match=path.name):
        one_batch(imagenet, views.test_view(DATASETS["imagenet"], 32), [0, 1], CPU)
