"""Data sets of the reader's own: every form they come in, and everything that can be wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

import lostprune
from lostprune import data
from lostprune.data import items
from lostprune.published.labels import accuracy_label

CLASSES = ("cat", "dog", "owl")


def pictures(n: int = 6, shape: tuple[int, ...] = (3, 8, 10), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, *shape), np.uint8), np.arange(n) % len(CLASSES)


def folder_of(path, images: np.ndarray, labels: np.ndarray):
    """A folder with a folder of PNG images for each class."""
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = path / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.transpose(1, 2, 0)).save(place / f"{i:03d}.png")
    return path


class Pairs(Dataset):
    """A map-style data set of PIL images and labels."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return Image.fromarray(self.images[index].transpose(1, 2, 0)), int(self.labels[index])


class Stream(IterableDataset):
    """A data set that can only be read from its beginning."""

    def __iter__(self):
        return iter(zip(*pictures(), strict=True))


def test_arrays_tensors_and_data_sets_hold_the_same_images():
    images, labels = pictures()
    forms = {
        "channels first": (images, labels),
        "channels last": (images.transpose(0, 2, 3, 1), labels.tolist()),
        "tensors": (torch.from_numpy(images), torch.from_numpy(labels)),
        "floats": (torch.from_numpy(images) / 255, labels),
        "of PIL images": Pairs(images, labels),
        "of tensors": TensorDataset(torch.from_numpy(images) / 255, torch.from_numpy(labels)),
        "list": list(zip(images, labels, strict=True)),
    }
    for form, given in forms.items():
        split = items.split_of(form, given, CLASSES)
        assert torch.equal(split.images, torch.from_numpy(images)) and split.images.dtype == torch.uint8, form
        assert torch.equal(split.labels, torch.from_numpy(labels)) and split.classes == CLASSES, form


def test_images_without_channels_are_grey():
    images, labels = pictures(shape=(28, 28))
    assert items.split_of("grey", (images, labels)).images.shape == (6, 1, 28, 28)
    grey = [(Image.fromarray(image), label) for image, label in zip(images, labels, strict=True)]
    assert torch.equal(items.split_of("grey", grey, CLASSES).images[:, 0], torch.from_numpy(images))


def test_a_folder_takes_the_order_of_the_classes_that_are_given(tmp_path):
    images, labels = pictures()
    folder = folder_of(tmp_path / "photos", images, labels)
    found = items.split_of("photos", folder)
    assert found.classes == CLASSES and found.labels.tolist() == sorted(labels.tolist())
    turned = items.split_of("photos", str(folder), ("owl", "dog", "cat", "fox"))
    assert turned.labels.tolist() == [2 - label for label in sorted(labels.tolist())]


def test_images_of_many_sizes_are_read_when_they_are_asked_for():
    small, large = pictures(3), pictures(3, (3, 12, 9), seed=1)
    mixed = [pair for one in (small, large) for pair in zip(*one, strict=True)]
    split = items.split_of("mixed", mixed, CLASSES)
    assert [tuple(image.shape) for image in split.images] == [(3, 8, 10)] * 3 + [(3, 12, 9)] * 3
    assert [int(label) for label in split.labels[1:3]] == [1, 2] and len(split.labels) == 6


def test_what_is_larger_than_memory_is_not_loaded(monkeypatch):
    monkeypatch.setattr(items, "RESIDENT_BYTES", 100)
    images, labels = pictures()
    split = items.split_of("large", Pairs(images, labels), CLASSES)
    assert not isinstance(split.images, torch.Tensor)
    assert torch.equal(split.images[-1], torch.from_numpy(images[-1])) and split.labels[5] == 2
    with pytest.raises(IndexError):
        split.images[6]


def test_a_registered_name_works_everywhere():
    train, test = pictures(30), pictures(12, seed=1)
    data.register("pets", train, test, {"rotated": pictures(5, seed=2)}, CLASSES)
    assert "pets" in data.trainable()
    assert torch.equal(data.load("pets", "test").images, torch.from_numpy(test[0]))
    facts = data.DATASETS["pets"]
    assert facts.image_shape == (3, 8, 10) and facts.parts["train"].count == 30 and facts.shifts == ("rotated",)
    assert len(data.load("pets", "rotated").labels) == 5
    pixels = train[0].transpose(1, 0, 2, 3).reshape(3, -1) / 255
    assert facts.mean == pytest.approx(pixels.mean(1)) and facts.std == pytest.approx(pixels.std(1), rel=1e-3)
    assert data.normalize(data.load("pets", "train").images, "pets").mean().item() == pytest.approx(0, abs=1e-5)
    assert lostprune.Study(dataset="pets").dataset == "pets"


def test_images_of_many_sizes_are_resized_to_a_square():
    wide, high = pictures(12, (3, 8, 10)), pictures(12, (3, 10, 8))
    pets = [(image, int(label)) for images, labels in (wide, high) for image, label in zip(images, labels, strict=True)]
    data.register("pets", pets, pets, classes=CLASSES)
    assert data.DATASETS["pets"].image_shape == (3, 8, 8)


def test_registering_again_replaces_and_other_images_have_other_digests():
    digests = set()
    for seed in (1, 2):
        data.register("pets", test=pictures(seed=seed), mean=0.5, std=0.25)
        digests.add(data.DATASETS["pets"].parts["test"].images_sha256)
    assert len(digests) == 2
    assert data.DATASETS["pets"].mean == (0.5,) * 3 and "pets" not in data.trainable()


def test_a_data_set_without_training_images_cannot_be_trained_on():
    data.register("pets", test=pictures(), mean=0, std=1)
    with pytest.raises(ValueError, match="pets"):
        lostprune.Study(dataset="pets")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "my pets"}, "letters, digits and underscores"),
        ({"name": "cifar10"}, "built in"),
        ({"test": None}, "expected test="),
        ({"mean": None}, "mean=0, std=1"),
        ({"mean": (0.5, 0.5)}, "each of 3 channels"),
        ({"std": 0}, "positive number"),
        ({"shifts": {"a b": pictures()}}, "letters, digits and underscores"),
        ({"shifts": {"grey": pictures(shape=(1, 8, 8))}}, "got images with 1 channels, expected 3"),
        ({"classes": ("cat", "dog")}, "got the label 2 of image 2, expected 0 to 1"),
        ({"test": (pictures()[0], pictures(5)[1])}, "got 6 images and 5 labels"),
        ({"test": pictures(0)}, "got no image"),
        ({"test": pictures(shape=(4, 8, 8))}, "1 or 3 channels"),
        ({"test": (pictures()[0].astype(np.int64), pictures()[1])}, "uint8 or floats"),
        ({"test": (pictures()[0] - 128.0, pictures()[1])}, "leave Normalize out"),
        ({"test": (np.full((2, 3, 4, 4), np.nan), [0, 1])}, "leave Normalize out"),
        ({"test": (pictures()[0], pictures()[1] / 2)}, "expected whole numbers"),
        ({"test": [(image, None) for image in pictures()[0]]}, "image 0"),
        ({"test": list(pictures()[0])}, "expected a pair"),
        ({"test": iter([])}, "iterable"),
        ({"test": Stream()}, "iterable"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_registered(settings, message):
    settings = {"name": "pets", "test": pictures(), "mean": 0.5, "std": 0.25} | settings
    before = dict(data.DATASETS)
    with pytest.raises((TypeError, ValueError), match=message):
        data.register(settings.pop("name"), **settings)
    assert data.DATASETS == before


def test_what_is_wrong_with_a_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder that exists"):
        items.split_of("photos", tmp_path / "nowhere")
    (tmp_path / "flat").mkdir()
    with pytest.raises(FileNotFoundError, match="one for each class"):
        items.split_of("photos", tmp_path / "flat")
    (tmp_path / "flat" / "cat").mkdir()
    with pytest.raises(FileNotFoundError, match="hold no image"):
        items.split_of("photos", tmp_path / "flat")
    folder = folder_of(tmp_path / "photos", *pictures())
    with pytest.raises(ValueError, match="owl"):
        items.split_of("photos", folder, ("cat", "dog"))
    (folder / "dog" / "001.png").write_bytes((folder / "dog" / "001.png").read_bytes()[:70])
    with pytest.raises(ValueError, match=r"001\.png"):
        items.split_of("photos", folder)


def test_shifts_can_be_added_to_a_data_set_of_this_package():
    key = lostprune.Study().key
    shifted = pictures(4, (3, 32, 32))
    data.add_shifts("cifar10", {"rotated": (shifted[0], shifted[1])})
    assert torch.equal(data.load("cifar10", "rotated").images, torch.from_numpy(shifted[0]))
    assert len(data.load("cifar10", "test").labels) == 10_000
    study = lostprune.Study()
    assert study.key != key and study.training_key == key.rpartition("-")[0]  # nothing is trained again for them
    with pytest.raises(ValueError, match="channels"):
        data.add_shifts("cifar10", {"grey": pictures(4, (1, 32, 32))})
    with pytest.raises(ValueError, match="name of its own"):
        data.add_shifts("cifar10", {"test": shifted})


def test_other_images_or_constants_of_one_name_have_other_keys():
    keys = set()
    for seed, mean in ((1, 0.5), (2, 0.5), (2, 0.4)):
        data.register("pets", pictures(seed=seed), pictures(), mean=mean, std=0.25)
        keys.add(lostprune.Study(dataset="pets").training_key)
    data.register("pets", pictures(seed=2), pictures(seed=3), mean=0.4, std=0.25)
    assert len(keys) == 3 and lostprune.Study(dataset="pets").training_key in keys


def test_a_registered_set_with_masks_is_measured_by_its_iou():
    images, labels = torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.zeros(4, 8, 8, dtype=torch.int64)
    data.register("streets", test=data.Split(images, labels, CLASSES), mean=0, std=1)
    data.register("animals", test=pictures(), mean=0, std=1)
    assert accuracy_label("streets") == accuracy_label("voc") == "mean IoU"
    assert accuracy_label("animals") == accuracy_label("unknown") == accuracy_label("cifar10") == "test accuracy"


def test_splits_may_lack_the_last_classes_if_they_are_numbers():
    images, _ = pictures()
    data.register("numbers", (images, np.arange(6) % 4), (images[:3], np.arange(3)))
    assert data.DATASETS["numbers"].classes == ("0", "1", "2", "3")


def test_a_split_of_sequences_is_read_as_pairs_are():
    images, labels = pictures()
    floats = data.Split([torch.from_numpy(image) / 255 for image in images], list(labels), CLASSES)
    split = items.split_of("test", floats)
    assert torch.equal(split.images, torch.from_numpy(images)) and split.labels.tolist() == labels.tolist()
