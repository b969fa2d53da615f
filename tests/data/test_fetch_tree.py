"""Archives of image files are fetched, checked and unpacked; what is there already is not fetched again."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil

import pytest
from click.testing import CliRunner
from torchvision.datasets import sbd, voc

from fixtures import trees
from lostprune import cli, data


@pytest.fixture
def served(server, tmp_path, monkeypatch):
    """Small archives of VOC 2011 and of SBD under the names of the official ones."""
    trees.voc(tmp_path / "source/TrainVal", 2011)
    trees.sbd(tmp_path / "source")
    archives = []
    for source, top in zip(data.TREES["voc"].archives, ("TrainVal", "benchmark_RELEASE"), strict=True):
        kind = "tar" if source.file.endswith(".tar") else "gztar"
        packed = shutil.make_archive(tmp_path / top, kind, tmp_path / "source", top)
        shutil.move(packed, server.folder / source.file)
        md5 = hashlib.md5((server.folder / source.file).read_bytes()).hexdigest()
        archives.append(dataclasses.replace(source, origin=f"{server.address}/{source.file}", md5=md5))
    monkeypatch.setitem(data.TREES, "voc", dataclasses.replace(data.TREES["voc"], archives=tuple(archives)))
    return server


def test_voc_is_fetched_unpacked_and_read_and_only_once(served, tmp_path):
    folder = tmp_path / "data"
    for _ in range(2):
        result = CliRunner().invoke(cli.main, ["data", "voc", "--folder", str(folder)])
        assert result.exit_code == 0, result.output
        assert "voc: 5 of 10,582 train and 2 of 1,449 test images, checked, in" in result.stdout
    assert len(served.requests) == 2 and not [*folder.glob("*.t*"), *folder.glob(".*.part")]


def test_an_archive_with_another_digest_is_not_unpacked(served, tmp_path):
    (served.folder / "benchmark.tgz").write_bytes(b"another")
    with pytest.raises(data.DataUnavailable, match="got MD5 .*\n.*Put there"):
        data.fetch_tree("voc", tmp_path / "data")
    assert not (tmp_path / "data/benchmark_RELEASE").exists()


def test_what_cannot_be_fetched_is_only_looked_for(tmp_path):
    result = CliRunner().invoke(cli.main, ["data", "imagenet", "--folder", str(tmp_path)])
    assert result.exit_code == 1 and "ILSVRC2012_img_train.tar" in result.output


def test_the_table_knows_what_torchvision_knows():
    of_voc, of_sbd = data.TREES["voc"].archives
    known = voc.DATASET_YEAR_DICT["2011"]
    assert (of_voc.origin, of_voc.file, of_voc.md5) == (known["url"], known["filename"], known["md5"])
    assert (of_sbd.origin, of_sbd.file, of_sbd.md5) == (sbd.SBDataset.url, sbd.SBDataset.filename, sbd.SBDataset.md5)
