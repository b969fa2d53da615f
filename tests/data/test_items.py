"""Items of a reader's own set, one by one: each is checked when it is registered, and each is in the study's key."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import lostprune
from lostprune import data
from lostprune.data import items

CLASSES = ("cat", "dog")
SIZES = ((12, 10), (10, 12))


def item(index: int, label: object = None, size: tuple[int, int] | None = None, channels: int = 3) -> tuple:
    """An image of one of two sizes, and its class."""
    random = np.random.default_rng(index)
    pixels = random.integers(0, 256, (channels, *(size or SIZES[index % 2])), np.uint8)
    return pixels, index % 2 if label is None else label


def mask(index: int, label: int = 1, size: tuple[int, int] | None = None) -> np.ndarray:
    return np.full(size or SIZES[index % 2], label)


def many(count: int = 6, **changed: tuple) -> list[tuple]:
    """Items of many sizes; ``at2=…`` is another one at place 2."""
    return [changed.get(f"at{index}", item(index)) for index in range(count)]


def segmented(**changed: tuple) -> list[tuple]:
    return [changed.get(f"at{index}", item(index, mask(index))) for index in range(4)]


def register(train: object, test: object, **settings) -> str:
    """The key of the networks that are trained on it."""
    data.register("pets", train, test, **{"classes": CLASSES, "mean": 0.5, "std": 0.25} | settings)
    return lostprune.Study(dataset="pets").training_key


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (many(at3=item(3, label=7)), "got the label 7 of image 3, expected 0 to 1"),
        (many(at3=item(3, label=-1)), "got the label -1 of image 3"),
        (many(at4=item(4, channels=1)), "image 4: got 1 channels and 3 in image 0"),
        (many(at2=item(2, label=mask(2))), "masks for some images"),
        (segmented(), "got a mask for each image, expected one class"),
        ((np.zeros((4, 3, 16, 16), np.uint8), np.zeros((4, 8, 16), int)), "a mask of 8 x 16 pixels"),
    ],
)
def test_every_item_is_checked_when_it_is_registered(test, message):
    with pytest.raises(ValueError, match=message):
        register(many(), test)
    assert "pets" not in data.DATASETS


@pytest.mark.parametrize(
    ("at2", "message"),
    [
        (item(2, mask(2, label=30)), "got the label 30 of image 2, expected 0 to 1 for 2 classes, or 255"),
        (item(2, mask(2, label=-1)), "got the label -1 of image 2"),
        (item(2, mask(2, size=(4, 4))), "a mask of 4 x 4 pixels for image 2, expected 12 x 10"),
    ],
)
def test_every_mask_is_checked_when_it_is_registered(at2, message):
    register(segmented(), segmented(at2=item(2, mask(2, label=255))))
    with pytest.raises(ValueError, match=message):
        register(segmented(), segmented(at2=at2))


@pytest.mark.parametrize("place", range(6))
def test_every_image_and_label_is_in_the_key(place):
    key, label = register(many(), many()), place % 2
    for changed in (item(place, 1 - label), item(place + 100, label, SIZES[label])):
        assert register(many(**{f"at{place}": changed}), many()) != key
        assert register(many(), many(**{f"at{place}": changed})) == key  # it is tested on, not trained on


def test_the_size_that_images_are_brought_to_is_in_the_key():
    assert len({register(many(), many(), image_size=size) for size in (None, 32, 64)}) == 3


def folder_of(path, pictures: dict[str, Image.Image]):
    for name, picture in pictures.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(path / name)
    return path


def test_a_folder_larger_than_memory_is_told_apart_by_its_list(tmp_path, monkeypatch):
    monkeypatch.setattr(items, "RESIDENT_BYTES", 1)
    pictures = {f"{name}/{i}.png": Image.new("RGB", (8 + i, 8), (i, 0, 0)) for i in range(3) for name in CLASSES}
    folder = folder_of(tmp_path, pictures)
    split = items.split_of("photos", folder)
    assert split.labels.tolist() == [0, 0, 0, 1, 1, 1] and not isinstance(split.images, torch.Tensor)
    (folder / "cat/2.png").rename(folder / "dog/3.png")
    again = items.split_of("photos", folder)
    assert again.images.digest != split.images.digest and again.labels.tolist() == [0, 0, 1, 1, 1, 1]


def test_images_of_16_bits_keep_their_levels_and_other_levels_are_refused(tmp_path):
    deep = Image.fromarray(np.array([[0, 3000], [30000, 65535]], np.uint16))
    expected = [[0, 11], [117, 255]]
    assert items.split_of("deep", [(deep, 0)], CLASSES).images[0, 0].tolist() == expected
    folder = folder_of(tmp_path, {"cat/0.png": deep, "dog/0.tiff": Image.new("RGB", (2, 2))})
    assert items.split_of("deep", folder).images[0, 2].tolist() == expected
    folder_of(tmp_path, {"dog/1.tiff": Image.new("F", (2, 2), 0.5)})
    with pytest.raises(ValueError, match=r"1\.tiff: got pixels of 32 bits"):
        items.split_of("deep", folder)


def test_classes_that_differ_are_named_and_so_is_a_folder_without_images(tmp_path):
    picture = Image.new("RGB", (4, 4))
    train = folder_of(tmp_path / "train", {"cat/0.png": picture, "dog/0.png": picture})
    test = folder_of(tmp_path / "test", {"cat/0.png": picture, "owl/0.png": picture})
    with pytest.raises(ValueError, match=r"train lacks owl; test lacks dog"):
        register(train, test, classes=None)
    (test / "dog").mkdir()
    with pytest.raises(FileNotFoundError, match=f"{test / 'dog'} holds no image"):
        register(train, test, classes=None)
