"""Comparisons on sets of image files by name: images come as networks are tested on them."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from fixtures import trees
from lostprune import audit, data


class Any(nn.Module):
    """Classes by the colours of the whole image, or of each pixel; its input must have one size."""

    def __init__(self, classes: int, size: int, pixels: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.size, self.pixels = nn.Conv2d(3, classes, 1), size, pixels

    def forward(self, inputs):
        assert inputs.shape[1:] == (3, self.size, self.size)
        scores = self.layer(inputs)
        return {"out": scores} if self.pixels else scores.mean((2, 3))


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """The sets lie in a folder of the test, and networks take small images."""
    monkeypatch.setenv("LOSTPRUNE_DATA", str(tmp_path))
    for name in ("imagenet", "voc"):
        monkeypatch.setitem(data.DATASETS, name, dataclasses.replace(data.DATASETS[name], image_shape=(3, 48, 48)))


def test_images_of_many_sizes_come_at_the_size_of_the_set(tmp_path):
    trees.imagenet_folders(tmp_path / "imagenet")
    split = data.load("imagenet", "test")
    network = Any(len(split.classes), 48)
    tree = audit.compare(network, network, "imagenet", corruptions=("contrast",))
    assert tree.images.values.tolist() == [len(split.labels)] * 2 and tree.attrs["task"] == "Classification"


def test_masks_are_ignored_where_the_set_says_so(tmp_path):
    trees.voc(tmp_path)
    good, bad = Any(21, 48, pixels=True), Any(21, 48, pixels=True)
    with torch.no_grad():
        bad.layer.bias += torch.arange(21.0)
    tree = audit.compare(good, bad, "voc")
    assert tree.attrs["task"] == "Segmentation" and tree.difference.notnull().all()
    assert audit.compare(good, good, "voc").attrs["verdict"] == "safe"
