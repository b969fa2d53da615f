"""Pascal VOC in every form in which it is distributed; masks that do not fit are named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fixtures import trees
from lostprune import data


def assert_masks(split: data.Split, seeds: list[int], of_sbd: tuple[int, ...] = ()) -> None:
    assert len(split.images) == len(split.labels) == len(seeds)
    for image, label, seed in zip(split.images, split.labels, seeds, strict=True):
        expected = trees.mask(seed, 50 + seed, 60).astype(np.int64)
        assert image.shape == (3, 50 + seed, 60)
        assert torch.equal(label, torch.from_numpy(expected % 21 if seed in of_sbd else expected))


def test_voc_alone_has_its_own_lists(tmp_path):
    trees.voc(tmp_path)
    assert_masks(data.load("voc", "train", tmp_path), [0, 1, 2])
    assert_masks(data.load("voc", "test", tmp_path), [3, 4])


def test_sbd_adds_to_the_training_images_what_voc_does_not_test_on(tmp_path):
    trees.voc(tmp_path / "TrainVal", 2011)  # as the archive of 2011 has it
    trees.sbd(tmp_path)
    assert_masks(data.load("voc", "train", tmp_path), [0, 1, 2, 7, 8], of_sbd=(7, 8))
    assert_masks(data.load("voc", "test", tmp_path), [3, 4])


def test_sbd_alone_has_its_own_lists(tmp_path):
    trees.sbd(tmp_path)
    assert_masks(data.load("voc", "train", tmp_path), [0, 7], of_sbd=(0, 7))
    assert_masks(data.load("voc", "test", tmp_path), [3, 8], of_sbd=(3, 8))


@pytest.mark.parametrize("train_list", ["train_aug.txt", "trainaug.txt"])
def test_the_augmented_tree_has_all_masks_in_one_folder(tmp_path, train_list):
    trees.voc(tmp_path, masks="SegmentationClassAug", train_list=train_list)
    assert_masks(data.load("voc", "train", tmp_path), [0, 1, 2])
    assert_masks(data.load("voc", "test", tmp_path), [3, 4])


def test_an_image_without_a_mask_is_named(tmp_path):
    path = trees.voc(tmp_path) / "SegmentationClass/2007_000001.png"
    path.unlink()
    with pytest.raises(data.DataUnavailable, match=f"{path}: got no such mask"):
        data.load("voc", "train", tmp_path)


@pytest.mark.parametrize(
    "content, got",
    [
        (trees.png(trees.mask(1, 50, 60)), "a mask of 50 x 60 pixels, expected 51 x 60"),
        (trees.png(np.full((51, 60), 21, np.uint8)), "class 21, expected 0 to 20, or 255"),
        (trees.png(trees.mask(1, 51, 60))[:-100], ".*, expected a mask of class numbers"),
        (trees.jpeg(1, 51, 60), "a mask of 51 x 60 x 3 pixels"),
    ],
)
def test_a_mask_that_does_not_fit_is_named_before_training(tmp_path, content, got):
    path = trees.voc(tmp_path) / "SegmentationClass/2007_000001.png"
    path.write_bytes(content)
    with pytest.raises(data.DamagedImage, match=f"1 of 3 images .*\n.*{path}: got .*{got}"):
        data.load("voc", "train", tmp_path)


def test_an_empty_list_is_named(tmp_path):
    path = trees.voc(tmp_path) / "ImageSets/Segmentation/val.txt"
    path.write_text("")
    with pytest.raises(data.DataUnavailable, match=f"{path}: got an empty list"):
        data.load("voc", "test", tmp_path)


def test_classes_cannot_be_chosen(tmp_path):
    trees.voc(tmp_path)
    with pytest.raises(ValueError, match="classes: got 3, expected none"):
        data.load("voc", "test", tmp_path, classes=3)
