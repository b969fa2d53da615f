"""Writing netCDF files whole, one thread at a time."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import xarray as xr

from .store import write_whole

ONE_AT_A_TIME = threading.Lock()  # HDF5 crashes where two threads of a process use it at once; for reading, too


def write(path: Path, data: xr.Dataset | xr.DataTree, **options: object) -> None:
    """Write it whole or not at all.

    Args:
        options: of ``to_netcdf``, such as ``encoding``.

    Raises:
        OSError: it cannot be written; ``errno.ENOSPC`` where the disk is full.
        RuntimeError: of HDF5.
    """

    def write_part(part: Path) -> None:
        try:
            data.to_netcdf(part, engine="netcdf4", **options)
        except (OSError, RuntimeError) as error:  # HDF5 does not say that the disk is full
            if shutil.disk_usage(path.parent).free < data.nbytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise

    with ONE_AT_A_TIME:
        write_whole(path, write_part)
