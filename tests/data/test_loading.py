from __future__ import annotations

import hashlib
import urllib.error
from pathlib import Path

import pytest
import torch
import torchvision

import lostprune
from lostprune import data
from lostprune.data import fetch


def unreachable(*_, **__):
    raise urllib.error.URLError("no network here")


def sha256(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy()).hexdigest()


@pytest.mark.parametrize(
    "split, count, images_sha256, labels_sha256",
    [
        (
            "train",
            50_000,
            "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
            "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
        ),
        (
            "test",
            10_000,
            "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
            "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
        ),
    ],
)
def test_cifar10_is_the_published_one(split, count, images_sha256, labels_sha256):
    images, labels, classes = data.load("cifar10", split)
    assert images.shape == (count, 3, 32, 32) and images.dtype == torch.uint8
    assert labels.shape == (count,) and labels.dtype == torch.int64
    assert sha256(images.permute(0, 2, 3, 1)) == images_sha256
    assert sha256(labels.to(torch.uint8)) == labels_sha256
    assert labels.bincount().tolist() == [count // 10] * 10
    assert [classes[label] for label in labels[:4]] == {
        "train": ["frog", "truck", "truck", "deer"],
        "test": ["cat", "ship", "ship", "airplane"],
    }[split]


def test_the_table_knows_what_torchvision_knows():
    facts, known = data.DATASETS["cifar10"], torchvision.datasets.CIFAR10
    assert facts.sources[0].origin == known.url
    assert facts.sources[0].file == known.filename
    assert facts.sources[1].file == known.base_folder
    assert facts.num_classes == 10


def test_cifar10_1_is_a_test_set_that_no_study_trains_on():
    assert "cifar10" in data.trainable() and "cifar10.1" not in data.trainable()
    with pytest.raises(ValueError, match="split of cifar10.1: got 'train', expected one of test"):
        data.load("cifar10.1", "train")
    with pytest.raises(ValueError, match="dataset: got 'cifar10.1'"):
        lostprune.Study(dataset="cifar10.1")


def test_cifar10_1_says_what_to_do_where_it_cannot_be_had(tmp_path, monkeypatch):
    (tmp_path / "cifar10.1_v6_data.npy").write_bytes(b"half")
    monkeypatch.setattr(fetch.urllib.request, "urlopen", unreachable)
    with pytest.raises(data.DataUnavailable) as error:
        data.load("cifar10.1", "test", tmp_path)
    lines = str(error.value).splitlines()
    assert lines[0] == "cifar10.1: no source gave the data."
    assert lines[1].endswith("got 4 bytes, expected 6,144,128") and lines[2].endswith("no network here>")
    assert "cifar10.1_v6_data.npy (6,144,128 bytes, https://github.com/modestyachts/CIFAR-10.1/" in lines[-1]
    assert not (tmp_path / "cifar10.1").exists()


def test_writing_to_loaded_images_changes_no_file():
    first = data.load("cifar10", "test")
    before = first.images[0, 0, 0, 0].item()
    first.images[0, 0, 0, 0] = 255 - before
    assert data.load("cifar10", "test").images[0, 0, 0, 0].item() == before


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="dataset: got 'cifar-10', expected one of cifar10, .*; did you mean"):
        data.load("cifar-10", "test")
    with pytest.raises(ValueError, match="split of cifar10: got 'tset', expected one of train, test; did you mean 'te"):
        data.load("cifar10", "tset")


def test_the_folder_is_the_argument_else_the_variable_else_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LOSTPRUNE_DATA", raising=False)
    assert data.locate() == tmp_path / "lostprune" / "data"
    monkeypatch.setenv("LOSTPRUNE_DATA", "~/elsewhere")
    assert data.locate() == Path.home() / "elsewhere"
    assert data.locate(tmp_path / "mine") == tmp_path / "mine"
    monkeypatch.chdir(tmp_path)
    assert data.locate("relative") == tmp_path / "relative"
