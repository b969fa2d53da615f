"""What was made is packed into one file and taken in again whole, or not at all."""

from __future__ import annotations

import io
import shutil
import tarfile

import pytest
import torch
import xarray as xr
from click.testing import CliRunner

from lostprune import Study
from lostprune.campaign import BundleError, export_store, import_store
from lostprune.campaign import bundle as bundle_module
from lostprune.cli import main
from lostprune.foundations import netcdf, store

STUDY = Study(seed=7)  # no networks of it come with the repository
KEY, RESULT = STUDY.training_key, f"{STUDY.key}/curves/WT-r0.nc"


def fill(folder, cells=("parent-r0", "WT-r0-c01", "WT-r0-c02")):
    """A store with three networks, a note and a result."""
    for number, cell in enumerate(cells):
        tensors = {"state/weight": torch.rand(1000, generator=torch.Generator().manual_seed(number))}
        store.save_checkpoint(folder / "checkpoints" / KEY / cell, tensors, {"cell": cell})
    store.write_whole(folder / "checkpoints" / KEY / "FT-r0-c01.unreachable", lambda part: part.write_text("no"))
    netcdf.write(folder / "results" / RESULT, xr.Dataset(attrs={"part": "curves"}))
    return folder


def contents(folder):
    files = [*folder.glob("checkpoints/*/*.*"), *folder.glob("results/*/*/*.*")]
    return {file.relative_to(folder): file.read_bytes() for file in files if file.suffix not in (".lock", ".part")}


@pytest.fixture
def bundle(tmp_path):
    folder = fill(tmp_path / "made")
    export_store(folder, tmp_path / "bundle.tar", [], True)
    return folder, tmp_path / "bundle.tar"


def test_a_store_comes_out_as_it_went_in(bundle, tmp_path):
    folder, packed = bundle
    told = import_store(packed, tmp_path / "new")
    assert contents(tmp_path / "new") == contents(folder) and len(contents(folder)) == 8
    assert "imported 5" in told and "imported 0" in import_store(packed, tmp_path / "new")


def test_what_is_finished_here_is_not_overwritten(bundle, tmp_path):
    _, packed = bundle
    mine = tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c01"
    store.save_checkpoint(mine, {"state/weight": torch.zeros(3)}, {"mine": True})
    own = tmp_path / "new" / "results" / RESULT
    netcdf.write(own, xr.Dataset(attrs={"mine": 1}))
    assert "imported 3 " in import_store(packed, tmp_path / "new")
    tensors, facts = store.load_checkpoint(mine)
    assert facts["mine"] and tensors["state/weight"].tolist() == [0, 0, 0]
    assert xr.load_dataset(own).attrs == {"mine": 1}


@pytest.mark.parametrize("name", [f"checkpoints/{KEY}/WT-r0-c01.safetensors", f"results/{RESULT}"])
def test_a_damaged_file_is_replaced_by_the_one_that_comes_in(bundle, tmp_path, name):
    folder, packed = bundle
    shutil.copytree(folder, tmp_path / "new")
    path = tmp_path / "new" / name
    path.write_bytes(path.read_bytes()[:-1])
    assert "imported 1 " in import_store(packed, tmp_path / "new")
    assert contents(tmp_path / "new") == contents(folder)


@pytest.mark.parametrize("name", ["_mynet", "größe", "two words"])
def test_a_network_of_any_name_comes_out_as_it_went_in(tmp_path, name):
    path = f"checkpoints/{name}-cifar10-nominal-quick-s0-12345678/parent-r0"
    store.save_checkpoint(tmp_path / "made" / path, {"state/weight": torch.zeros(3)}, {})
    export_store(tmp_path / "made", tmp_path / "bundle.tar", [], True)
    import_store(tmp_path / "bundle.tar", tmp_path / "new")
    assert store.is_whole(tmp_path / "new" / path)


def test_what_is_damaged_is_not_exported(tmp_path):
    folder = fill(tmp_path / "made")
    path = folder / "checkpoints" / KEY / "WT-r0-c01.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    export_store(folder, tmp_path / "bundle.tar", [], True)
    import_store(tmp_path / "bundle.tar", tmp_path / "new")
    assert not store.is_whole(tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c01")
    assert store.is_whole(tmp_path / "new" / "checkpoints" / KEY / "WT-r0-c02")


def test_the_command_packs_results_alone(tmp_path):
    folder, packed = fill(tmp_path / "made"), tmp_path / "bundle.tar"
    call = ["campaign", "--store", str(folder), "--export", str(packed), "--without-networks"]
    told = CliRunner().invoke(main, call)
    assert told.exit_code == 0, told.output
    import_store(packed, tmp_path / "new")
    assert [path.name for path in contents(tmp_path / "new")] == ["WT-r0.nc"]


def test_only_the_studies_that_are_named_are_packed(tmp_path):
    folder = fill(tmp_path / "made")
    export_store(folder, tmp_path / "bundle.tar", [Study(seed=5)], True)
    assert "imported 0 " in import_store(tmp_path / "bundle.tar", tmp_path / "new")


def test_a_bundle_that_was_cut_or_a_checkpoint_that_changed_is_refused(bundle, tmp_path):
    _, packed = bundle
    content = packed.read_bytes()
    with tarfile.open(packed) as archive:
        member = next(one for one in archive if one.name.endswith(".safetensors"))
    flipped = bytearray(content)
    flipped[member.offset_data + member.size // 2] ^= 1
    for broken in (content[: len(content) // 2], bytes(flipped), b"no tar file"):
        packed.write_bytes(broken)
        with pytest.raises(BundleError):
            import_store(packed, tmp_path / "new")
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json", "checkpoints/../../outside.json", "/etc/outside.json", "checkpoints/..", "other/a/b.json",
        "checkpoints/a/../../../outside.json", "checkpoints//b/c", "checkpoints/a/.hidden", "checkpoints\\a\\b",
        "checkpoints/a/alone.safetensors",
    ],
)  # fmt: skip
def test_a_member_that_is_no_file_of_a_store_is_refused(tmp_path, name):
    with tarfile.open(tmp_path / "bundle.tar", "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    with pytest.raises(BundleError, match="expected files of a store"):
        import_store(tmp_path / "bundle.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists() and not (tmp_path / "outside.json").exists()


def test_a_link_is_refused(tmp_path):
    with tarfile.open(tmp_path / "bundle.tar", "w") as archive:
        member = tarfile.TarInfo("checkpoints/a/b.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(BundleError, match="expected files of a store"):
        import_store(tmp_path / "bundle.tar", tmp_path / "new")


def test_the_command_moves_a_store(tmp_path):
    fill(tmp_path / "made")
    packed = str(tmp_path / "bundle.tar")
    for call in (
        ["campaign", "--store", str(tmp_path / "made"), "--export", packed],
        ["campaign", "--store", str(tmp_path / "new"), "--import", packed],
    ):
        told = CliRunner().invoke(main, call)
        assert told.exit_code == 0, told.output
    assert contents(tmp_path / "new") == contents(tmp_path / "made")


def test_a_folder_is_no_bundle(tmp_path):
    with pytest.raises(IsADirectoryError, match="expected a file such as"):
        export_store(fill(tmp_path / "store"), tmp_path, [], True)


def test_a_parent_of_the_repository_goes_with_its_chains_and_takes_no_other_ones_place(tmp_path, monkeypatch):
    own = tmp_path / "repository" / KEY / "parent-r0"
    store.save_checkpoint(own, {"state/weight": torch.ones(3)}, {"cell": "parent-r0"})
    monkeypatch.setattr(bundle_module, "COMMITTED", tmp_path / "repository")
    export_store(fill(tmp_path / "made", ("WT-r0-c01",)), tmp_path / "with.tar", [], True)
    monkeypatch.setattr(bundle_module, "COMMITTED", tmp_path / "nowhere")
    import_store(tmp_path / "with.tar", tmp_path / "new")
    assert store.load_checkpoint(tmp_path / "new" / "checkpoints" / KEY / "parent-r0")[0]["state/weight"].sum() == 3
    export_store(fill(tmp_path / "other"), tmp_path / "other.tar", [], True)
    monkeypatch.setattr(bundle_module, "COMMITTED", tmp_path / "repository")
    import_store(tmp_path / "other.tar", fill(tmp_path / "mine", ("WT-r0-c01",)))
    assert not (tmp_path / "mine" / "checkpoints" / KEY / "parent-r0.json").exists()
    import_store(tmp_path / "other.tar", tmp_path / "empty")
    assert (tmp_path / "empty" / "checkpoints" / KEY / "parent-r0.json").exists()
