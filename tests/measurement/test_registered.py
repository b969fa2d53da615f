"""Studies on a reader's own sets that are read image by image."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import lostprune
from lostprune import data
from lostprune.measurement import test_sets
from tiny_network import SCALE

CLASSES = ("cat", "dog")


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    """No process that reads images is left."""
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")


def many(count: int, channels: int = 3) -> list[tuple[np.ndarray, int]]:
    """Images of two sizes, with as many of each class."""
    random = np.random.default_rng(count)
    return [(random.integers(0, 256, (channels, 16, 16 + 4 * (i % 2)), np.uint8), i // 2 % 2) for i in range(count)]


def test_a_registered_set_of_many_sizes_is_trained_on_and_measured():
    data.register("pets", many(40), many(12), {"turned": many(8)}, CLASSES, 0.5, 0.25, image_size=16)
    scale = dataclasses.replace(
        SCALE, name="own", train_images=None, test_images=8, cycles=1, corruptions=("contrast",)
    )
    study = lostprune.Study("tiny", "pets", methods=("WT",), repetitions=1, scale=scale)
    tree = lostprune.run(study, "curves", "shift", "noise")
    assert tree["curves"].attrs["test_images"] == 8 and tree["curves"].test_error.notnull().all()
    assert tree["shift"].distribution.values.tolist() == ["pets", "turned", "contrast"]
    assert test_sets.nominal(study)[1].bincount().tolist() == [4, 4]
    network, _ = lostprune.load(study, "WT", 0, 1)
    shown = test_sets.test_set(study, "pets", torch.device("cpu"))
    with torch.no_grad():
        wrong = network(data.normalize(shown.images(), "pets")).argmax(1) != shown.labels
    assert tree["curves"].test_error.sel(cycle=1).item() == pytest.approx(wrong.double().mean().item())


def test_what_cannot_be_trained_on_is_refused_before_anything_is_trained(store):
    data.register("pets", many(40), many(12), None, CLASSES, 0.5, 0.25, image_size=16)
    with pytest.raises(ValueError, match="training: got 'robust', expected 'nominal' for pets"):
        lostprune.Study("tiny", "pets", training="robust")
    data.register("pets", many(19), many(12), None, CLASSES, 0.5, 0.25, image_size=16)
    with pytest.raises(ValueError, match="pets: got 19 training images, expected at least 20"):
        lostprune.run(lostprune.Study("tiny", "pets", methods=("WT",), scale=SCALE))
    assert not list(store.rglob("*.safetensors"))


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES, "owl")])
def test_a_set_that_is_registered_again_is_trained_on_anew(classes):
    trained = []
    for names, first in ((CLASSES, 0), (classes, 2)):
        data.register("pets", many(42)[first : first + 40], many(12), None, names, 0.5, 0.25, image_size=16)
        scale = dataclasses.replace(SCALE, name="again", train_images=None, cycles=1)
        study = lostprune.Study("tiny", "pets", methods=("WT",), repetitions=1, scale=scale)
        lostprune.run(study, "curves")
        trained.append(lostprune.load(study, "WT", 0, 0)[0])
        assert trained[-1][-1].out_features == len(names)
    assert not torch.equal(trained[0][0].weight, trained[1][0].weight)


def test_of_another_test_set_as_many_images_of_every_class_are_taken():
    by_class = (np.zeros((40, 3, 16, 16), np.uint8), np.repeat([0, 1], 20))  # as a folder holds them
    data.register("pets", many(40), many(12), {"night": by_class}, CLASSES, 0.5, 0.25, image_size=16)
    study = lostprune.Study("tiny", "pets", scale=dataclasses.replace(SCALE, test_images=8))
    assert test_sets.test_set(study, "night", torch.device("cpu")).labels.bincount().tolist() == [4, 4]
    whole = dataclasses.replace(study, scale=dataclasses.replace(SCALE, test_images=None))
    assert len(test_sets.test_set(whole, "night", torch.device("cpu"))) == 40


def test_the_first_images_of_a_folder_are_of_every_class():
    by_class = (np.arange(40 * 768).reshape(40, 3, 16, 16) % 251).astype(np.uint8), np.repeat([0, 1], 20)
    data.register("pets", many(40), by_class, None, CLASSES, 0.5, 0.25)
    for count in (8, None):
        study = lostprune.Study("tiny", "pets", scale=dataclasses.replace(SCALE, test_images=count))
        images, labels, places = test_sets.nominal(study)
        assert labels[:4].tolist() == [0, 1, 0, 1]
        assert np.array_equal(images.numpy(), by_class[0][places])


def test_images_that_are_not_square_keep_their_shape_when_they_are_corrupted():
    random = np.random.default_rng(0)
    wide = random.integers(0, 256, (24, 3, 16, 24), np.uint8), random.integers(0, 2, (24, 16, 24))
    data.register("roads", wide, wide, {"night": wide}, CLASSES, 0.5, 0.25)
    study = lostprune.Study("tiny", "roads", scale=dataclasses.replace(SCALE, test_images=8, corruptions=("contrast",)))
    for name in ("roads", "contrast"):
        images, labels = next(test_sets.test_set(study, name, torch.device("cpu")).blocks())
        assert images.shape == (8, 3, 16, 24) and labels.shape == (8, 16, 24)


def test_of_a_shift_of_many_sizes_images_get_the_shape_of_the_others():
    random = np.random.default_rng(0)
    wide = random.integers(0, 256, (24, 3, 16, 24), np.uint8), np.arange(24) % 2
    data.register("signs", wide, wide, {"night": many(8)}, CLASSES, 0.5, 0.25)
    study = lostprune.Study("tiny", "signs", scale=SCALE)
    assert test_sets.test_set(study, "night", torch.device("cpu")).images().shape == (8, 3, 16, 24)


def test_a_shift_named_like_a_corruption_is_refused_before_any_work(store):
    data.register("pets", many(40), many(12), {"fog": many(8)}, CLASSES, 0.5, 0.25, image_size=16)
    with pytest.raises(ValueError, match="shifts of pets: got 'fog'"):
        lostprune.run(lostprune.Study("tiny", "pets", methods=("WT",), scale=SCALE), "shift")
    assert not list(store.rglob("*.safetensors"))


def test_the_size_asked_for_counts_if_only_some_images_have_one():
    data.register("pets", many(40), (np.zeros((4, 3, 24, 24), np.uint8), [0, 1, 0, 1]), None, CLASSES, 0, 1, 24)
    assert data.DATASETS["pets"].image_shape == (3, 24, 24)
