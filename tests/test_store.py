"""Checkpoints are whole or not there, and a folder that cannot be written is said before any work."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lostprune import store

TENSORS = {"state/a": torch.arange(6.0).reshape(2, 3).t(), "mask/a": torch.tensor([True, False])}


def test_a_checkpoint_round_trips(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {"cell": ["WT", 0, 1]})
    tensors, facts = store.load_checkpoint(tmp_path / "c01")
    assert facts["cell"] == ["WT", 0, 1]
    assert tensors.keys() == TENSORS.keys() and all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_a_checkpoint_without_its_manifest_is_not_there(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {})
    (tmp_path / "c01.json").unlink()
    assert store.load_checkpoint(tmp_path / "c01") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.data())
def test_a_flipped_bit_anywhere_is_noticed(tmp_path, data):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {})
    path = tmp_path / "c01.safetensors"
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(store.DamagedFile, match="got SHA-256"):
        store.load_checkpoint(tmp_path / "c01")


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", json.dumps({"format": 99, "sha256": "0"})])
def test_a_damaged_manifest_is_noticed(tmp_path, manifest):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {})
    (tmp_path / "c01.json").write_text(manifest)
    with pytest.raises(store.DamagedFile, match="checkpoint .*c01"):
        store.load_checkpoint(tmp_path / "c01")


def test_a_missing_file_beside_its_manifest_is_noticed(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {})
    (tmp_path / "c01.safetensors").unlink()
    with pytest.raises(store.DamagedFile, match="FileNotFoundError"):
        store.load_checkpoint(tmp_path / "c01")


def test_a_store_that_cannot_be_written_is_said_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="store: cannot write to .*LOSTPRUNE_STORE"):
        store.store_folder(tmp_path / "file" / "store")


def test_the_old_file_stays_when_writing_the_new_one_fails(tmp_path):
    path = tmp_path / "one"
    store.write_whole(path, lambda part: part.write_text("old"))

    def fail(part):
        part.write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        store.write_whole(path, fail)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
