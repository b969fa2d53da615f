from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest

from lostprune.data import cifar
from lostprune.data.datasets import DATASETS


def assert_same(arrays, expected):
    assert arrays.keys() == expected.keys()
    for split, (images, labels) in expected.items():
        np.testing.assert_array_equal(arrays[split][0], images)
        np.testing.assert_array_equal(arrays[split][1], labels)


def test_the_official_archive(tiny, tmp_path):
    (tmp_path / "archive.tar.gz").write_bytes(tiny.archive)
    assert_same(cifar.read_official(tmp_path / "archive.tar.gz"), tiny.parts())


def test_the_extracted_official_archive(tiny, tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in tiny.batches.items():
        (folder / name).write_bytes(content)
    assert_same(cifar.read_official(folder), tiny.parts())


def test_the_npm_package(tiny, tmp_path):
    (tmp_path / "package.tgz").write_bytes(tiny.package)
    assert_same(cifar.read_png_package(tmp_path / "package.tgz"), tiny.parts())


def test_the_labels_of_cifar10_1_are_those_of_its_file():
    """The SHA-256 of cifar10.1_v6_labels.npy that TensorFlow Datasets lists is that of 200 labels per class."""
    file = io.BytesIO()
    np.save(file, np.repeat(np.arange(10, dtype=np.int32), 200))
    listed = "ae40beda001693674edc94d925ee8268cfe68905f8f9aff800c8dcdfcd6c9448"
    assert hashlib.sha256(file.getvalue()).hexdigest() == listed
    part = DATASETS["cifar10.1"].parts["test"]
    labels = np.repeat(np.arange(10, dtype=np.uint8), part.count // 10)
    assert hashlib.sha256(labels).hexdigest() == part.labels_sha256


def test_the_images_of_cifar10_1(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    np.save(tmp_path / "data.npy", images)
    got, labels = cifar.read_cifar10_1(tmp_path / "data.npy")["test"]
    np.testing.assert_array_equal(got.transpose(0, 2, 3, 1), images)
    assert labels.tolist() == [label for label in range(10) for _ in range(2)]


@pytest.mark.parametrize("array", [np.zeros((20, 3, 32, 32), np.uint8), np.zeros(20), np.array([{}], object)])
def test_another_array_is_not_cifar10_1(tmp_path, array):
    np.save(tmp_path / "data.npy", array)
    with pytest.raises(ValueError):
        cifar.read_cifar10_1(tmp_path / "data.npy")


def test_labels_are_found_wherever_they_stand_in_the_stream(tiny):
    content = tiny.batches["test_batch"]
    labels_at, data_at, names_at = (content.index(key) for key in (b"U\x06labels", b"U\x04data", b"U\x09filenames"))
    moved = content[:labels_at] + content[data_at:names_at] + content[labels_at:data_at] + content[names_at:]
    images, labels = cifar.read_official_batch(moved)
    np.testing.assert_array_equal(images, tiny.parts()["test"][0])
    np.testing.assert_array_equal(labels, tiny.parts()["test"][1])


def test_a_stream_that_would_run_a_command_runs_nothing(tiny, tmp_path):
    command = f"touch {tmp_path}/ran"
    harmful = b"\x80\x02cos\nsystem\nU" + bytes([len(command)]) + command.encode() + b"\x85R0"
    images, _ = cifar.read_official_batch(harmful + tiny.batches["test_batch"][2:])
    np.testing.assert_array_equal(images, tiny.parts()["test"][0])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle at all", b"\x80\x02}q\x01."])
def test_what_is_no_batch_is_refused(content):
    with pytest.raises(ValueError):
        cifar.read_official_batch(content)


def test_an_archive_of_something_else_is_refused(tiny, tmp_path):
    (tmp_path / "archive.tar.gz").write_bytes(tiny.package)
    with pytest.raises(ValueError, match="does not hold cifar-10-batches-py/data_batch_1"):
        cifar.read_official(tmp_path / "archive.tar.gz")
