"""Writing netCDF files whole, one thread at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import xarray as xr

from .store import write_whole

ONE_AT_A_TIME = threading.Lock()  # HDF5 crashes where two threads of a process use it at once; for reading, too


def write(path: Path, data: xr.Dataset | xr.DataTree, **options: object) -> None:
    """Write it whole or not at all. Raises OSError.

    Args:
        options: of ``to_netcdf``, such as ``encoding``.
    """
    with ONE_AT_A_TIME:
        write_whole(path, lambda part: data.to_netcdf(part, engine="netcdf4", **options))
