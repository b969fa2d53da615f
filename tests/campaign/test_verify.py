"""A store is read again, and what is not as it was written is named, set aside and computed again."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny_network
from lostprune import campaign, results
from lostprune.campaign.verify import verify
from lostprune.cli import main
from lostprune.foundations import store
from lostprune.prune_retrain import Checkpoints

CELL = ("WT", 0, 2)
NETWORKS = 9  # of the study: a parent and two chains of four cycles


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    study, folder = tiny_network.moment(repetitions=1), tmp_path_factory.mktemp("whole")
    campaign.run([study], ("curves",), store_folder=folder, say=lambda line: None)
    return study, folder


@pytest.fixture
def copied(whole, tmp_path):
    """The study, a store of it that may be damaged, and the path of one of its checkpoints."""
    study, folder = whole
    shutil.copytree(folder, tmp_path / "copy")
    return study, tmp_path / "copy", Checkpoints(study, tmp_path / "copy").path(CELL)


def change(path, tensors=None, facts=None):
    """Write a checkpoint again with changes, and with the right checksum."""
    old_tensors, old_facts = store.load_checkpoint(path)
    path.with_suffix(".json").unlink()
    store.save_checkpoint(path, old_tensors | (tensors or {}), old_facts | (facts or {}))


def test_a_whole_store_is_whole(whole):
    study, folder = whole
    assert verify(folder) == (NETWORKS + 2, [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.data())
def test_a_flipped_bit_or_a_cut_is_found_wherever_it_is(copied, data):
    study, folder, path = copied
    file = path.with_suffix(".safetensors")
    good = file.read_bytes() if file.exists() else (folder / "quarantine" / file.relative_to(folder)).read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    if data.draw(st.booleans()):
        bad[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del bad[place:]
    manifest = path.with_suffix(".json")
    kept = manifest.read_bytes()
    file.write_bytes(bad)
    (count, (damage,)) = verify(folder)
    assert damage.name == path.relative_to(folder).as_posix() and "SHA-256" in damage.reason
    assert not file.exists() and not manifest.exists() and count == NETWORKS + 1
    file.write_bytes(good)
    manifest.write_bytes(kept)


def break_pruned_weight(tensors, name):
    weight, mask = tensors[f"state/{name}"].clone(), tensors[f"mask/{name}"]
    weight[tuple((~mask).nonzero()[0])] = 1e-6
    return {f"state/{name}": weight}


@pytest.mark.parametrize(
    "tensors, facts, says",
    [
        (lambda t: break_pruned_weight(t, "0.weight"), {}, "0.weight has weights that are pruned and not zero"),
        (lambda t: {"mask/0.weight": t["mask/0.weight"].float()}, {}, "the mask of 0.weight does not fit"),
        (lambda t: {"mask/9.weight": t["mask/0.weight"]}, {}, "the mask of 9.weight does not fit"),
        (lambda t: {"state/8.bias": torch.full((10,), torch.nan)}, {}, "8.bias is not finite"),
        (lambda t: {"mask/3.weight": torch.ones_like(t["mask/3.weight"])}, {}, "keeps weights that WT-r0-c01 had"),
        (lambda t: {}, {"prune_ratio": 1.5}, "prune_ratio: got 1.5"),
        (lambda t: {}, {"cell": ["FT", 0, 2]}, "its manifest is that of"),
        (lambda t: {}, {"history": []}, "its history has no epochs"),
        (lambda t: {}, {"history": 3}, "TypeError"),
    ],
)
def test_what_no_checksum_tells_is_found_too(copied, tensors, facts, says):
    _, folder, path = copied
    change(path, tensors(store.load_checkpoint(path)[0]), facts)
    _, damages = verify(folder)
    assert [damage.name.rpartition("/")[2] for damage in damages][:1] == ["WT-r0-c02"] and says in damages[0].reason


def test_a_buffer_may_be_infinite(copied):
    _, folder, path = copied
    change(path, {"state/0.mask": torch.tensor([0.0, -torch.inf])}, {})
    assert verify(folder)[1] == []


def test_what_was_set_aside_is_computed_again_as_it_was(copied, whole):
    study, folder, path = copied
    good = path.with_suffix(".safetensors").read_bytes()
    path.with_suffix(".safetensors").write_bytes(good[:-7])
    result = results.path_of(study.key, "curves", ("WT", 0), folder)
    result.write_bytes(result.read_bytes()[:1000])
    told = CliRunner().invoke(main, ["verify", str(folder)])
    assert told.exit_code == 1
    assert "WT-r0-c02: " in told.output and "WT-r0: " in told.output
    assert "9 networks and results are whole, 2 damaged" in told.output
    assert (folder / "quarantine" / path.relative_to(folder)).with_suffix(".json").exists()
    assert Checkpoints(study, folder).pending(("WT", 0)) == [CELL]
    campaign.run([study], ("curves",), store_folder=folder, say=lambda line: None)
    assert path.with_suffix(".safetensors").read_bytes() == good
    again, before = (results.read_study(study, "curves", place) for place in (folder, whole[1]))
    assert again.equals(before)
    told = CliRunner().invoke(main, ["verify", str(folder)])
    assert told.exit_code == 0 and "11 networks and results are whole, 0 damaged" in told.output


def test_results_of_another_study_are_found(copied):
    study, folder, _ = copied
    shutil.copytree(folder / "results" / study.key, folder / "results" / "another")
    _, damages = verify(folder)
    assert {damage.name for damage in damages} == {"results/another/curves/WT-r0", "results/another/curves/FT-r0"}
    assert all(study.key in damage.reason for damage in damages)


def test_what_a_killed_process_left_is_cleaned_up(copied):
    _, folder, path = copied
    path.with_suffix(".json").unlink()
    old, new = (path.with_name(f".{name}.part") for name in ("old", "new"))
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    _, (damage,) = verify(folder)
    assert "was killed" in damage.reason
    assert not old.exists() and new.exists()  # the new one may be in the making


def test_a_damaged_epoch_of_an_unfinished_network_is_set_aside(copied):
    study, folder, _ = copied
    path = Checkpoints(study, folder).unfinished(CELL) / "epoch-0001"
    store.save_checkpoint(path, {"0": torch.zeros(3)}, {"history": [{}]})
    assert verify(folder) == (NETWORKS + 3, [])
    path.with_suffix(".safetensors").write_bytes(b"broken")
    _, (damage,) = verify(folder)
    assert damage.name == path.relative_to(folder).as_posix()


def test_what_is_set_aside_twice_is_kept_twice(copied):
    study, folder, path = copied
    for _ in range(2):
        path.with_suffix(".safetensors").write_bytes(b"broken")
        path.with_suffix(".json").write_text(json.dumps({"format": store.FORMAT, "sha256": "0"}))
        assert len(verify(folder)[1]) == 1
    assert len(list((folder / "quarantine").rglob("*WT-r0-c02.safetensors"))) == 2


def test_a_store_that_does_not_exist_is_said(tmp_path):
    told = CliRunner().invoke(main, ["verify", str(tmp_path / "nowhere")])
    assert (
        told.exit_code == 1 and "expected a folder that exists" in told.output and not (tmp_path / "nowhere").exists()
    )
