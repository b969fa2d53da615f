"""What was made is packed into files below a size and taken in again whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lostprune import Study
from lostprune.campaign import BundleError, export_store, import_store
from lostprune.cli import main
from lostprune.foundations import store

KEY = Study().training_key
SIZE = 4000


def fill(folder, cells=("parent-r0", "WT-r0-c01", "WT-r0-c02")):
    """A store with networks of 4 kB that cannot be compressed, a note and a result."""
    for number, cell in enumerate(cells):
        tensors = {"state/weight": torch.rand(1000, generator=torch.Generator().manual_seed(number))}
        store.save_checkpoint(folder / "checkpoints" / KEY / cell, tensors, {"cell": cell})
    store.write_whole(folder / "checkpoints" / KEY / "FT-r0-c01.unreachable", lambda part: part.write_text("no"))
    store.write_whole(folder / "results" / Study().key / "curves.nc", lambda part: part.write_bytes(b"result"))
    return folder


def contents(folder):
    files = [*folder.glob("checkpoints/*/*.*"), *folder.glob("results/*/*.*")]
    return {file.relative_to(folder): file.read_bytes() for file in files if file.suffix not in (".lock", ".part")}


@pytest.fixture
def bundle(tmp_path):
    folder = fill(tmp_path / "made")
    export_store(folder, tmp_path / "bundle", [], SIZE, None, True)
    return folder, tmp_path / "bundle"


def test_a_store_comes_out_as_it_went_in(bundle, tmp_path):
    folder, packed = bundle
    assert len(list(packed.iterdir())) >= 4 and max(file.stat().st_size for file in packed.iterdir()) <= SIZE
    told = import_store(packed, tmp_path / "new")
    assert contents(tmp_path / "new") == contents(folder) and len(contents(folder)) == 8
    assert told == f"imported 5 results and networks from {packed}; 0 were here before"
    assert import_store(packed, tmp_path / "new").startswith("imported 0 results and networks")


def test_what_is_finished_here_is_not_overwritten(bundle, tmp_path):
    _, packed = bundle
    mine = tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c01"
    store.save_checkpoint(mine, {"state/weight": torch.zeros(3)}, {"mine": True})
    store.write_whole(tmp_path / "new" / "results" / Study().key / "curves.nc", lambda part: part.write_bytes(b"mine"))
    assert "imported 3 " in import_store(packed, tmp_path / "new")
    tensors, facts = store.load_checkpoint(mine)
    assert facts["mine"] and tensors["state/weight"].tolist() == [0, 0, 0]
    assert (tmp_path / "new" / "results" / Study().key / "curves.nc").read_bytes() == b"mine"


def test_a_damaged_checkpoint_is_replaced_by_the_one_that_comes_in(bundle, tmp_path):
    folder, packed = bundle
    shutil.copytree(folder, tmp_path / "new")
    path = tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c01.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "imported 1 " in import_store(packed, tmp_path / "new")
    assert contents(tmp_path / "new") == contents(folder)


def test_what_is_damaged_is_not_exported(tmp_path):
    folder = fill(tmp_path / "made")
    path = folder / "checkpoints" / KEY / "WT-r0-c01.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    export_store(folder, tmp_path / "bundle", [], SIZE, None, True)
    import_store(tmp_path / "bundle", tmp_path / "new")
    assert not store.is_whole(tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c01")
    assert store.is_whole(tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c02")


def test_results_and_the_beginnings_of_chains_are_packed_first(tmp_path):
    folder = fill(tmp_path / "made")
    told = export_store(folder, tmp_path / "bundle", [], SIZE, 3, True)
    assert "did not fit and were left out" in told and len(list((tmp_path / "bundle").iterdir())) <= 3
    import_store(tmp_path / "bundle", tmp_path / "new")
    there = {path.name for path in contents(tmp_path / "new")}
    assert {"curves.nc", "parent-r0.json", "WT-r0-c01.json"} <= there and "WT-r0-c02.json" not in there


def test_an_older_bundle_is_replaced(bundle, tmp_path):
    folder, packed = bundle
    export_store(folder, packed, [], 10**6, None, False)
    assert {file.name for file in packed.iterdir()} == {"manifest.json", "part-001.bin"}
    import_store(packed, tmp_path / "new")
    assert [path.name for path in contents(tmp_path / "new")] == ["curves.nc"]


def test_only_the_studies_that_are_named_are_packed(tmp_path):
    folder = fill(tmp_path / "made")
    export_store(folder, tmp_path / "bundle", [Study(seed=5)], SIZE, None, True)
    assert "imported 0 " in import_store(tmp_path / "bundle", tmp_path / "new")


def test_limits_that_leave_no_room_are_refused(tmp_path):
    with pytest.raises(BundleError, match="--max-size 10, --max-files 2: too small"):
        export_store(fill(tmp_path / "made"), tmp_path / "bundle", [], 10, 2, True)
    assert not list((tmp_path / "bundle").iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data())
def test_a_flipped_bit_or_a_cut_anywhere_is_noticed_and_nothing_is_taken_in(bundle, tmp_path, data):
    _, packed = bundle
    broken, new = tmp_path / "broken", tmp_path / "new"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(packed, broken)
    part = data.draw(st.sampled_from(sorted(file.name for file in packed.glob("part-*.bin"))))
    content = bytearray((broken / part).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    (broken / part).write_bytes(content)
    with pytest.raises(BundleError, match=f"{part} (is damaged|has .* bytes, expected).*nothing was taken in"):
        import_store(broken, new)
    assert not new.exists()


def test_every_missing_part_is_named(bundle, tmp_path):
    _, packed = bundle
    (packed / "part-002.bin").unlink()
    (packed / "part-003.bin").unlink()
    with pytest.raises(BundleError, match=r"part-002.bin is missing; part-003.bin is missing\. Copy these parts again"):
        import_store(packed, tmp_path / "new")


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json", "checkpoints/../../outside.json", "/etc/outside.json", "checkpoints/..", "other/a/b.json",
        "checkpoints/a/../../../outside.json", "checkpoints//b/c", "checkpoints/a/.hidden", "checkpoints\\a\\b", 7,
    ],
)  # fmt: skip
def test_a_member_outside_the_store_is_refused(bundle, tmp_path, name):
    _, packed = bundle
    change_manifest(packed, lambda manifest: manifest["members"][0].update(name=name))
    with pytest.raises(BundleError, match="bundle: "):
        import_store(packed, tmp_path / "new")
    assert not (tmp_path / "new").exists() and not (tmp_path / "outside.json").exists()


def test_a_part_outside_the_bundle_is_refused(bundle, tmp_path):
    _, packed = bundle
    change_manifest(packed, lambda manifest: manifest["parts"][0].update(name="../made/secret"))
    with pytest.raises(BundleError, match="got a part '../made/secret'"):
        import_store(packed, tmp_path / "new")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "parts": 3, "members": []}'])
def test_a_damaged_manifest_is_refused(bundle, tmp_path, text):
    _, packed = bundle
    (packed / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match="manifest.json"):
        import_store(packed, tmp_path / "new")


def test_a_member_that_is_not_what_its_manifest_says_is_refused(bundle, tmp_path):
    _, packed = bundle
    wrong = hashlib.sha256(b"other").hexdigest()
    change_manifest(packed, lambda manifest: manifest["members"][-1].update(sha256=wrong))
    with pytest.raises(BundleError, match="is not what its manifest says"):
        import_store(packed, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def change_manifest(packed, change):
    manifest = json.loads((packed / "manifest.json").read_text())
    change(manifest)
    (packed / "manifest.json").write_text(json.dumps(manifest))


def test_the_command_moves_a_store(tmp_path):
    fill(tmp_path / "made")
    calls = [
        ["campaign", "--store", str(tmp_path / "made"), "--export", str(tmp_path / "bundle"), "--max-size", "4K"],
        ["campaign", "--store", str(tmp_path / "new"), "--import", str(tmp_path / "bundle")],
    ]
    for call, says in zip(calls, ("exported 8 files", "imported 5 results and networks"), strict=True):
        told = CliRunner().invoke(main, call)
        assert told.exit_code == 0 and says in told.output
    assert contents(tmp_path / "new") == contents(tmp_path / "made")
    (tmp_path / "bundle" / "part-001.bin").unlink()
    told = CliRunner().invoke(main, calls[1])
    assert told.exit_code == 1 and "part-001.bin is missing" in told.output
