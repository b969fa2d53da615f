"""Checkpoints are whole or not there, and a folder that cannot be written is said before any work."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lostprune.foundations import store

TENSORS = {"state/a": torch.arange(6.0).reshape(2, 3).t(), "mask/a": torch.tensor([True, False])}


def test_a_checkpoint_round_trips(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {"cell": ["WT", 0, 1]})
    tensors, facts = store.load_checkpoint(tmp_path / "c01")
    assert facts["cell"] == ["WT", 0, 1]
    assert tensors.keys() == TENSORS.keys() and all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_tensors_that_share_memory_are_saved_apart(tmp_path):
    tied = torch.arange(6.0)
    given = {"a": tied, "b": tied, "c": tied.view(2, 3), "d": tied[2:4]}
    store.save_checkpoint(tmp_path / "c01", given, {})
    tensors, _ = store.load_checkpoint(tmp_path / "c01")
    assert tensors.keys() == given.keys() and all(torch.equal(tensors[name], given[name]) for name in given)


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


def test_a_checkpoint_that_is_whole_is_not_written_again(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {"writer": 1})
    store.save_checkpoint(tmp_path / "c01", {"state/a": torch.zeros(1)}, {"writer": 2})
    tensors, facts = store.load_checkpoint(tmp_path / "c01")
    assert facts["writer"] == 1 and torch.equal(tensors["state/a"], TENSORS["state/a"])


def test_a_damaged_checkpoint_is_replaced(tmp_path):
    store.save_checkpoint(tmp_path / "c01", TENSORS, {"writer": 1})
    assert store.is_whole(tmp_path / "c01")
    (tmp_path / "c01.safetensors").write_bytes(b"damaged")
    assert not store.is_whole(tmp_path / "c01")
    store.save_checkpoint(tmp_path / "c01", TENSORS, {"writer": 2})
    assert store.load_checkpoint(tmp_path / "c01")[1]["writer"] == 2 and store.is_whole(tmp_path / "c01")


def test_a_checkpoint_that_is_not_there_is_not_whole(tmp_path):
    assert not store.is_whole(tmp_path / "c01")


WRITE = """
import os, pathlib, sys, torch
from lostprune.foundations import store
folder, (begin, go) = pathlib.Path(sys.argv[1]), os.pipe()
for writer in (1, 2):
    if os.fork() == 0:  # importing torch is paid for once, and both begin at once
        os.read(begin, 1)
        tensor = torch.full((1000,), float(writer))
        for number in range(40):
            store.save_checkpoint(folder / f"c{number}", {"state/a": tensor}, {"writer": writer})
        os._exit(0)
os.write(go, b"go")
sys.exit(any([os.wait()[1] for _ in range(2)]))
"""


def test_writers_of_the_same_checkpoints_never_mix(tmp_path):
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=True)
    for number in range(40):
        tensors, facts = store.load_checkpoint(tmp_path / f"c{number}")
        assert (tensors["state/a"] == facts["writer"]).all()
    assert not list(tmp_path.glob(".*.part"))


def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing(tmp_path):
    store.save_checkpoint(tmp_path / "c00", TENSORS, {})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError) as error:
            store.save_checkpoint(tmp_path / "c01", {"state/a": torch.zeros(100_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.errno == errno.EFBIG
    assert {file.name for file in tmp_path.iterdir()} == {".writing.lock", "c00.json", "c00.safetensors"}
    assert store.is_whole(tmp_path / "c00")


HOLD = """
import sys, time, filelock
with filelock.FileLock(sys.argv[1]):
    print("has it", flush=True)
    time.sleep(600)
"""


def test_one_at_a_time_has_a_claim_and_it_ends_with_the_process(tmp_path):
    lock = store.lock_file(tmp_path, "WT-r0")
    with store.claim(lock), pytest.raises(store.Claimed), store.claim(lock, wait=False):
        pass
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "has it\n"
    with pytest.raises(store.Claimed, match="WT-r0: another process works on it"), store.claim(lock, wait=False):
        pass
    other.kill()
    other.communicate()
    with store.claim(lock, wait=False):
        pass


def test_where_there_are_no_locks_the_work_is_done_all_the_same(tmp_path, monkeypatch):
    def acquire(self, timeout):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(store.FileLock, "acquire", acquire)
    store.save_checkpoint(tmp_path / "c01", TENSORS, {})
    assert store.is_whole(tmp_path / "c01")
