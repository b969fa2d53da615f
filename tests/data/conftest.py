"""A tiny data set in every form in which CIFAR-10 is distributed, and a server that offers it."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import struct
import tarfile
import threading

import numpy as np
import pytest
from PIL import Image

from lostprune.data import cifar
from lostprune.data.datasets import DATASETS, Dataset, Part
from lostprune.data.sources import Source

PER_BATCH = 3


def short_string(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode()


def official_batch(images: np.ndarray, labels: np.ndarray) -> bytes:
    """A batch as Python 2 wrote it: protocol 2, byte strings, the array rebuilt by numpy.core.multiarray."""
    records = images.tobytes()
    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    names = b"".join(short_string(f"picture_{index}.png") for index in range(len(labels)))
    return b"".join(
        [
            b"\x80\x02}q\x01(",
            short_string("batch_label") + b"q\x02" + short_string("training batch 1 of 5") + b"q\x03",
            short_string("labels") + b"q\x04]q\x05(" + numbers + b"e",
            short_string("data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08",
            b"K\x00\x85" + short_string("b") + b"\x87Rq\t(K\x01K" + bytes([len(labels)]) + b"M\x00\x0c\x86",
            b"cnumpy\ndtype\nq\n" + short_string("u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + short_string("|") + b"NNN",
            b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<i", len(records)) + records + b"tb",
            short_string("filenames") + b"q\x0c]q\r(" + names + b"eu.",
        ]
    )


def tar_gz(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def png_batch(images: np.ndarray) -> bytes:
    rows = images.transpose(0, 2, 3, 1).reshape(len(images), 1024, 3)
    content = io.BytesIO()
    Image.fromarray(rows).save(content, "png")
    return content.getvalue()


class Tiny:
    """A data set of 5 x 3 + 3 random images, its arrays and its distributed forms as bytes."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.images = random.integers(0, 256, (6 * PER_BATCH, 3, 32, 32), np.uint8)
        self.labels = random.integers(0, 10, 6 * PER_BATCH, np.uint8)
        batches = list(zip(np.split(self.images, 6), np.split(self.labels, 6), strict=True))
        names = [*cifar.TRAIN_BATCHES, "test_batch"]
        self.batches = {name: official_batch(*batch) for name, batch in zip(names, batches, strict=True)}
        self.archive = tar_gz({f"cifar-10-batches-py/{name}": content for name, content in self.batches.items()})
        pictures = {f"package/{name}.png": png_batch(batch[0]) for name, batch in zip(names, batches, strict=True)}
        lists = {
            f"package/{split}_lables.json": json.dumps(labels.tolist()).encode()
            for split, (_, labels) in self.parts().items()
        }
        self.package = tar_gz(pictures | lists)

    def parts(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        last = 5 * PER_BATCH
        return {
            "train": (self.images[:last], self.labels[:last]),
            "test": (self.images[last:], self.labels[last:]),
        }

    def dataset(self, address: str) -> Dataset:
        """The table entry of this data set, with the three sources of CIFAR-10; the archive is at ``address``."""

        def digest(content: bytes) -> str:
            return hashlib.sha256(content).hexdigest()

        facts = DATASETS["cifar10"]
        parts = {
            split: Part(len(labels), digest(images.tobytes()), digest(labels.tobytes()))
            for split, (images, labels) in self.parts().items()
        }
        sources = (
            Source(
                "cifar-10-python.tar.gz",
                cifar.read_official,
                f"{address}/cifar-10-python.tar.gz",
                len(self.archive),
                digest(self.archive),
            ),
            Source("cifar-10-batches-py", cifar.read_official),
            Source("tiny-1.0.0.tgz", cifar.read_png_package, "npm:tiny@1.0.0", len(self.package), digest(self.package)),
        )
        return Dataset(facts.classes, facts.image_shape, facts.mean, facts.std, parts, sources)


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture
def server(tmp_path):
    """A web server of ``server.folder``; ``server.requests`` lists the paths that were asked for."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            web.requests.append(self.path)

    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        web.requests, web.folder = [], folder
        web.address = f"http://127.0.0.1:{web.server_port}"
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield web
        web.shutdown()
        thread.join()


@pytest.fixture
def set_npm(tmp_path, monkeypatch):
    """``set_npm(script)`` makes that shell script the only npm there is; ``set_npm(None)``: no npm at all."""

    def set_(script: str | None) -> None:
        programs = tmp_path / "programs"
        programs.mkdir()
        if script is not None:
            (programs / "npm").write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
            (programs / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", str(programs))

    return set_
