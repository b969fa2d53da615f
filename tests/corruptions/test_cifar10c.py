"""The published corruptions: small archives in CIFAR-10-C's form, found, checked, mapped, and fetched in parts."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import json
import re
import shutil
import tarfile
import threading

import numpy as np
import pytest
import torch

from lostprune import corruptions, data
from lostprune.corruptions.cifar10c import CIFAR10_C, PublishedArchive, obtain_published, published_corruption
from lostprune.data.sources import Source
from lostprune.foundations import verified

IMAGES, NAMES = 4, ("fog", "snow")


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.integers(0, 256, (5 * IMAGES, 32, 32, 3), np.uint8) for name in NAMES}


def pack(files: dict[str, bytes]) -> bytes:
    """A plain .tar with its folder as the first member, as the published one."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        folder = tarfile.TarInfo("CIFAR-10-C")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(f"CIFAR-10-C/{name}.npy")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def archive_of(files: dict[str, bytes], origin: str | None = None) -> tuple[bytes, PublishedArchive]:
    content = pack(files)
    source = Source("CIFAR-10-C.tar", None, origin, len(content), hashlib.sha256(content).hexdigest())
    md5 = {name: hashlib.md5(file).hexdigest() for name, file in files.items() if name != "labels"}
    return content, PublishedArchive(source, "CIFAR-10-C", IMAGES, (32, 32, 3), md5)


@pytest.fixture
def packed(arrays) -> tuple[bytes, PublishedArchive]:
    labels = np.tile(np.arange(IMAGES, dtype=np.uint8), 5)
    return archive_of({name: npy(array) for name, array in (arrays | {"labels": labels}).items()})


@pytest.fixture(params=["tar", "extracted"])
def placed(request, packed, tmp_path) -> PublishedArchive:
    """The archive in the data folder ``tmp_path``, in either form."""
    content, archive = packed
    (tmp_path / "CIFAR-10-C.tar").write_bytes(content)
    if request.param == "extracted":
        with tarfile.open(tmp_path / "CIFAR-10-C.tar") as opened:
            opened.extractall(tmp_path, filter="data")
        (tmp_path / "CIFAR-10-C.tar").unlink()
    return archive


def test_the_table_is_that_of_the_published_archive():
    assert set(CIFAR10_C.md5) == set(corruptions.NAMES) and len(set(CIFAR10_C.md5.values())) == 19
    # 19 arrays and the labels, each in blocks of 512 bytes after a header; a folder; two blocks at the end
    blocks = [-(-(128 + 50_000 * size) // 512) + 1 for size in [3072] * 19 + [1]]
    assert CIFAR10_C.source.size == 512 * (sum(blocks) + 1 + 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_images_of_a_severity_in_either_form(placed, arrays, tmp_path, name, severity):
    expected = torch.from_numpy(arrays[name]).permute(0, 3, 1, 2)[(severity - 1) * IMAGES : severity * IMAGES]
    got = published_corruption(name, severity, None, tmp_path, placed)
    assert torch.equal(got, expected) and got.dtype == torch.uint8 and got.is_contiguous()
    assert torch.equal(published_corruption(name, severity, 3, tmp_path, placed), expected[:3])
    assert len(published_corruption(name, severity, 0, tmp_path, placed)) == 0


def test_writing_to_the_images_changes_no_file(placed, tmp_path):
    published_corruption("fog", 1, None, tmp_path, placed).zero_()
    assert published_corruption("fog", 1, None, tmp_path, placed).any()
    obtain_published(tmp_path, placed)  # checks all of it again


def test_where_it_is_not_there_is_none(tmp_path):
    (tmp_path / ".CIFAR-10-C.tar.part").write_bytes(b"half")
    assert published_corruption("fog", 3, folder=tmp_path) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_what_is_cut_off_or_altered_is_not_used(placed, tmp_path, damage):
    path = next(path for path in (tmp_path / "CIFAR-10-C.tar", tmp_path / "CIFAR-10-C" / "fog.npy") if path.exists())
    content = bytearray(path.read_bytes())
    content[2000] ^= 1
    path.write_bytes({"flip": content, "cut": content[:-1], "empty": b""}[damage])
    for call in (
        lambda: published_corruption("fog", 3, 2, tmp_path, placed),
        lambda: obtain_published(tmp_path, placed),
    ):
        with pytest.raises(
            data.DataUnavailable, match=r"(?s)CIFAR-10-C.* is not as it was published: .*expected.*Remove"
        ):
            call()


def test_a_member_that_is_missing_is_named(arrays, tmp_path):
    content, archive = archive_of({"fog": npy(arrays["fog"])})
    (tmp_path / "CIFAR-10-C.tar").write_bytes(content)
    archive = dataclasses.replace(archive, md5={**archive.md5, "snow": "0" * 32})
    with pytest.raises(data.DataUnavailable, match="it holds no CIFAR-10-C/snow.npy"):
        published_corruption("snow", 1, None, tmp_path, archive)


class Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was executed')",)


@pytest.mark.parametrize(
    "array", [np.array([Harmful()], object), np.zeros((5 * IMAGES, 3, 32, 32), np.uint8), np.zeros((20, 32, 32, 3))]
)
def test_arrays_of_another_form_are_refused_and_no_pickle_is_executed(tmp_path, array):
    content, archive = archive_of({"fog": npy(array)})
    (tmp_path / "CIFAR-10-C.tar").write_bytes(content)
    with pytest.raises(data.DataUnavailable, match=r"fog.npy: got .*expected uint8 \[20, 32, 32, 3\]"):
        published_corruption("fog", 1, None, tmp_path, archive)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (("fogg", 3), ValueError, "corruption: got 'fogg', .*did you mean 'fog'?"),
        (("fog", 6), ValueError, "severity: got 6, expected 1"),
        (("fog", True), TypeError, "severity: got True"),
        (("fog", 3, 10_001), ValueError, "count: got 10001, expected a whole number of images from 0 to 10,000"),
        (("fog", 3, 1.0), ValueError, "count: got 1.0"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        published_corruption(*arguments, folder=tmp_path)


def test_a_checked_file_is_not_checked_again_until_it_changes(placed, tmp_path, monkeypatch):
    digests = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *of: digests.append(of) or digest(*of))
    for severity in (1, 2):
        published_corruption("fog", severity, None, tmp_path, placed)
    monkeypatch.setattr(verified, "outcomes", {})  # as another process
    published_corruption("fog", 3, None, tmp_path, placed)
    assert len(digests) == 1
    path = next(path for path in (tmp_path / "CIFAR-10-C.tar", tmp_path / "CIFAR-10-C" / "fog.npy") if path.exists())
    shutil.copy(path, tmp_path / "copy")
    (tmp_path / "copy").replace(path)
    published_corruption("fog", 4, None, tmp_path, placed)
    assert len(digests) == 2


def test_a_damaged_record_of_what_was_checked_only_costs_time(placed, tmp_path, monkeypatch):
    expected = published_corruption("fog", 1, None, tmp_path, placed)
    for content in ("{", "[1]", json.dumps({"CIFAR-10-C.tar": "?"})):
        (tmp_path / ".checked.json").write_text(content)
        monkeypatch.setattr(verified, "outcomes", {})
        assert torch.equal(published_corruption("fog", 1, None, tmp_path, placed), expected)


@pytest.fixture
def partial_server():
    """A web server of ``content``, which answers requests for a range, and breaks off after ``at_most`` bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            web.ranges.append(wanted)
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(web.content) - start))
            self.end_headers()
            self.wfile.write(web.content[start : start + web.at_most])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.ranges, web.content, web.at_most = [], b"", 1 << 40
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield web
        web.shutdown()
        thread.join()


@pytest.fixture
def offered(packed, partial_server) -> PublishedArchive:
    partial_server.content, archive = packed
    origin = f"http://127.0.0.1:{partial_server.server_port}/CIFAR-10-C.tar"
    return dataclasses.replace(archive, source=dataclasses.replace(archive.source, origin=origin))


def test_a_download_that_broke_off_goes_on_where_it_stopped(offered, partial_server, tmp_path):
    partial_server.at_most = 50_000
    for _ in range(2):
        with pytest.raises(data.DataUnavailable, match="(?s)could not be fetched.*Run the same again to resume"):
            obtain_published(tmp_path, offered)
        assert offered.path(tmp_path) is None
    partial_server.at_most = 1 << 40
    assert obtain_published(tmp_path, offered) == tmp_path / "CIFAR-10-C.tar"
    assert partial_server.ranges == [None, "bytes=50000-", "bytes=100000-"]
    assert (tmp_path / "CIFAR-10-C.tar").read_bytes() == partial_server.content
    assert not list(tmp_path.glob("*.part"))
    obtain_published(tmp_path, offered)
    assert len(partial_server.ranges) == 3


def test_a_download_of_something_else_is_removed(offered, partial_server, tmp_path):
    content = partial_server.content
    partial_server.content = content[:-1] + b"?"
    with pytest.raises(data.DataUnavailable, match="got SHA-256 .*, expected"):
        obtain_published(tmp_path, offered)
    assert offered.path(tmp_path) is None and not list(tmp_path.glob(".*.part"))
    partial_server.content = content
    obtain_published(tmp_path, offered)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(data.DataUnavailable, match="could not be fetched into .*file/data"):
        obtain_published(tmp_path / "file" / "data")
