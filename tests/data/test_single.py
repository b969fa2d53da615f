"""One file from a public address, or put into the data folder by hand."""

from __future__ import annotations

import hashlib

import pytest

from lostprune.data import DataUnavailable, obtain_file

CONTENT = b"weights of a network"
FACTS = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()


def test_it_is_fetched_once_and_checked(server, tmp_path):
    (server.folder / "net.th").write_bytes(CONTENT)
    for _ in range(2):
        path = obtain_file(f"{server.address}/net.th", *FACTS, tmp_path / "data")
        assert path == tmp_path / "data" / "net.th" and path.read_bytes() == CONTENT
    assert server.requests == ["/net.th"]


def test_a_file_that_was_put_there_by_hand_is_taken(tmp_path):
    (tmp_path / "net.th").write_bytes(CONTENT)
    assert obtain_file("http://127.0.0.1:9/net.th", *FACTS, tmp_path).read_bytes() == CONTENT


def test_another_file_there_is_not_replaced(server, tmp_path):
    (server.folder / "net.th").write_bytes(CONTENT)
    (tmp_path / "net.th").write_bytes(b"mine")
    with pytest.raises(DataUnavailable, match="by hand"):
        obtain_file(f"{server.address}/net.th", *FACTS, tmp_path)
    assert (tmp_path / "net.th").read_bytes() == b"mine"


@pytest.mark.parametrize("served", [None, b"weights of a networl", b"short"])
def test_what_cannot_be_fetched_says_what_to_do(server, tmp_path, served):
    if served is not None:
        (server.folder / "net.th").write_bytes(served)
    with pytest.raises(DataUnavailable, match="LOSTPRUNE_DATA"):
        obtain_file(f"{server.address}/net.th", *FACTS, tmp_path)
    assert not (tmp_path / "net.th").exists()
