"""netCDF files are written whole, and a full disk is called so."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple

import pytest
import xarray as xr

from lostprune.foundations import netcdf

DATA = xr.Dataset({"error": ("image", [0.5, 0.25])})


def test_what_is_written_is_read_back(tmp_path):
    netcdf.write(tmp_path / "results" / "part.nc", DATA)
    with xr.open_dataset(tmp_path / "results" / "part.nc") as opened:
        assert opened.identical(DATA)


@pytest.mark.parametrize(("free", "expected"), [(0, OSError), (2**30, RuntimeError)])
def test_a_full_disk_is_told_from_other_failures(tmp_path, monkeypatch, free, expected):
    def fail(*arguments, **options):
        raise RuntimeError("NetCDF: HDF error")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "total used free")(2**40, 0, free))
    with pytest.raises(expected) as caught:
        netcdf.write(tmp_path / "part.nc", DATA)
    assert expected is RuntimeError or (caught.value.errno == errno.ENOSPC and "part.nc" in str(caught.value))
    assert not list(tmp_path.iterdir())
