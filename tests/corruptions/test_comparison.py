"""How generated and published images differ, on an archive of our own making whose differences are known."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from lostprune import corruptions, data
from lostprune.corruptions.cifar10c import PublishedArchive
from lostprune.corruptions.comparison import compare_published, in_words
from lostprune.data.sources import Source

IMAGES = 6


@pytest.fixture(scope="module")
def before() -> torch.Tensor:
    return data.load("cifar10", "test").images[:IMAGES]


@pytest.fixture(scope="module")
def archive(before, tmp_path_factory) -> tuple[PublishedArchive, str]:
    """What is generated, but for "contrast", one level off at severity 1, and "fog", black at severity 5."""
    folder, md5 = tmp_path_factory.mktemp("data"), {}
    (folder / "cifar10").symlink_to(data.locate() / "cifar10")
    (folder / "CIFAR-10-C").mkdir()
    for name in corruptions.NAMES:
        images = [corruptions.corrupt(before, name, severity).permute(0, 2, 3, 1) for severity in range(1, 6)]
        if name == "contrast":
            images[0] = torch.where(images[0] < 255, images[0] + 1, 255)
        if name == "fog":
            images[4] = torch.zeros_like(images[4])
        path = folder / "CIFAR-10-C" / f"{name}.npy"
        np.save(path, torch.cat(images).numpy())
        md5[name] = hashlib.md5(path.read_bytes()).hexdigest()
    return PublishedArchive(Source("CIFAR-10-C.tar"), "CIFAR-10-C", IMAGES, (32, 32, 3), md5), folder


def test_every_corruption_and_severity_is_compared(archive, before):
    found, folder = archive
    compared = compare_published(folder, found)
    assert compared["archive"] == str(folder / "CIFAR-10-C") and compared["images"] == IMAGES
    rows = {(row["corruption"], row["severity"]): row for row in compared["rows"]}
    assert set(rows) == {(name, severity) for name in corruptions.NAMES for severity in range(1, 6)}
    for key, row in rows.items():
        if key not in {("contrast", 1), ("fog", 5)}:
            assert row["within_one_level"] == 1 and row["published"] == row["generated"]
    values = corruptions.corrupt(before, "jpeg_compression", 2).numpy() / 255
    change = values - before.numpy() / 255
    expected = {"mean": values.mean(), "std": values.std(), "rms_change": np.sqrt((change**2).mean())}
    assert rows["jpeg_compression", 2]["generated"] == pytest.approx(expected)
    brighter, black = rows["contrast", 1], rows["fog", 5]
    assert brighter["within_one_level"] == 1
    assert brighter["published"]["mean"] - brighter["generated"]["mean"] == pytest.approx(1 / 255)
    assert black["published"]["mean"] == black["published"]["std"] == 0 and black["within_one_level"] < 0.1
    lines = in_words(compared).splitlines()
    assert len(lines) == 3 + 95 and lines[3].split()[:2] == ["gaussian_noise", "1"]
    assert " 100.00%" in lines[3] and "+0.0%" in lines[3]


def test_without_the_archive_the_command_to_fetch_it_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `lostprune data cifar10-c` to fetch it"):
        compare_published(tmp_path)
