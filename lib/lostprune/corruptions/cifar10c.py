"""CIFAR-10-C as it was published: 19 corruptions of the CIFAR-10 test images, checked, and mapped where they lie.

Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR 2019.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tarfile
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import filelock
import numpy as np
import torch

from ..data import checked
from ..data.fetch import check, fetch_large
from ..data.loading import locate
from ..data.obtain import DataUnavailable
from ..data.sources import Source
from ..foundations.choices import check_choice
from .severities import SEVERITIES, check_severity


@dataclass(frozen=True)
class PublishedArchive:
    """An archive in CIFAR-10-C's form: ``FOLDER/NAME.npy``, uint8 [5 * images, h, w, 3], severity after severity.

    Attributes:
        source: the .tar file.
        folder: the folder that the archive extracts to.
        images: how many images of each severity there are, in the order of the test set.
        image_shape: (height, width, channels).
        md5: MD5 of ``NAME.npy``, by name of the corruption.
    """

    source: Source
    folder: str
    images: int
    image_shape: tuple[int, int, int]
    md5: dict[str, str]

    def path(self, folder: Path) -> Path | None:
        """Where it lies in the data folder: the archive, else what was extracted from it, else ``None``."""
        return next((path for path in (folder / self.source.file, folder / self.folder) if path.exists()), None)


CIFAR10_C = PublishedArchive(
    source=Source(  # https://zenodo.org/records/2535967; size and SHA-256 as TensorFlow Datasets lists them
        file="CIFAR-10-C.tar",
        origin="https://zenodo.org/records/2535967/files/CIFAR-10-C.tar",
        size=2_918_471_680,
        sha256="c72763e101c723b7c507b96205f7e938912a5d587376173b825850cf3cb876a7",
    ),
    folder="CIFAR-10-C",
    images=10_000,
    image_shape=(32, 32, 3),
    md5={  # as the packages rai-toolbox and torch-uncertainty both list them
        "gaussian_noise": "ecaf8b9a2399ffeda7680934c33405fd",
        "shot_noise": "3a7239bb118894f013d9bf1984be7f11",
        "impulse_noise": "2090e01c83519ec51427e65116af6b1a",
        "defocus_blur": "7d1322666342a0702b1957e92f6254bc",
        "glass_blur": "7361fb4019269e02dbf6925f083e8629",
        "motion_blur": "fffa5f852ff7ad299cfe8a7643f090f4",
        "zoom_blur": "6ea8e63f1c5cdee1517533840641641b",
        "snow": "bb238de8555123da9c282dea23bd6e55",
        "frost": "31f6ab3bce1d9934abfb0cc13656f141",
        "fog": "7b397314b5670f825465fbcd1f6e9ccd",
        "brightness": "0a81ef75e0b523c3383219c330a85d48",
        "contrast": "3c8262171c51307f916c30a3308235a8",
        "elastic_transform": "9421657c6cd452429cf6ce96cc412b5f",
        "pixelate": "0f14f7e2db14288304e1de10df16832f",
        "jpeg_compression": "2b9cc4c864e0193bb64db8d7728f8187",
        "speckle_noise": "ef00b87611792b00df09c0b0237a1e30",
        "gaussian_blur": "c33370155bc9b055fb4a89113d3c559d",
        "spatter": "8a5a3903a7f8f65b59501a6093b4311e",
        "saturate": "1cfae0964219c5102abbb883e538cc56",
    },
)


def published_corruption(
    name: str,
    severity: int,
    count: int | None = None,
    folder: str | os.PathLike | None = None,
    archive: PublishedArchive = CIFAR10_C,
) -> torch.Tensor | None:
    """The first test images as the published CIFAR-10-C has them; ``None`` where it does not lie in the data folder.

    It is found as ``CIFAR-10-C.tar`` or as the folder ``CIFAR-10-C`` that the archive extracts to, and is checked
    before its first use: the archive by size and SHA-256, of the folder each file by its MD5. What was found right is
    remembered in the data folder, until size or time of change differ. Nothing is ever unpickled.

    Args:
        name: a corruption in CIFAR-10-C's spelling, such as "gaussian_noise".
        severity: 1 to 5.
        count: how many images, at most 10,000; ``None``: all.
        folder: the data folder, see :func:`lostprune.data.locate`.
        archive: another archive of the same form.

    Returns:
        uint8 [count, 3, 32, 32], a copy, or ``None``.

    Raises:
        ValueError, TypeError: unknown name, severity or count.
        DataUnavailable: it is there, but truncated, altered or not readable.
    """
    check_choice("corruption", name, archive.md5)
    check_severity(severity)
    if count is None:
        count = archive.images
    if isinstance(count, bool) or not isinstance(count, Integral) or not 0 <= count <= archive.images:
        raise ValueError(f"count: got {count!r}, expected a whole number of images from 0 to {archive.images:,}")
    folder = locate(folder)
    path = archive.path(folder)
    if path is None:
        return None
    try:
        _check(path, name, folder, archive, again=False)
        rows = _map(path, name, archive)
        first = (severity - 1) * archive.images
        return torch.from_numpy(rows[first : first + count]).permute(0, 3, 1, 2).contiguous()
    except (OSError, ValueError, tarfile.TarError) as error:
        raise DataUnavailable(_damaged(path, archive, error)) from error


def obtain_published(folder: str | os.PathLike | None = None, archive: PublishedArchive = CIFAR10_C) -> Path:
    """Fetch the published archive unless it lies in the data folder, check all of it, and return where it lies.

    A download that broke off resumes.

    Raises:
        DataUnavailable: it cannot be fetched or written; or what lies there is not the published one.
    """
    folder = locate(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{archive.source.file}.lock"):
            path = archive.path(folder) or fetch_large(archive.source, folder)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DataUnavailable(
            f"{archive.folder}: {archive.source.origin} could not be fetched into {folder}: {error}\n"
            f"Run the same again to resume, or put {archive.source.file} "
            f"({archive.source.size:,} bytes) or the folder {archive.folder} that it extracts to into {folder} by "
            "hand (another folder: set LOSTPRUNE_DATA). Without it, generated images are used."
        ) from error
    try:
        for name in archive.md5:
            # the archive is checked as a whole, the first time
            _check(path, name, folder, archive, again=path.is_dir() or name == next(iter(archive.md5)))
            _map(path, name, archive)
    except (OSError, ValueError, tarfile.TarError) as error:
        raise DataUnavailable(_damaged(path, archive, error)) from error
    return path


def _check(path: Path, name: str, folder: Path, archive: PublishedArchive, again: bool) -> None:
    """Raise ValueError unless the archive, or the one file of the extracted folder, is the published one."""
    if path.is_dir():
        checked.once(path / f"{name}.npy", folder, lambda file: _check_md5(file, archive.md5[name]), again)
    else:
        checked.once(path, folder, lambda file: check(file, archive.source), again)


def _check_md5(path: Path, md5: str) -> None:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != md5:
        raise ValueError(f"{path.name}: got MD5 {digest}, expected {md5}")


def _map(path: Path, name: str, archive: PublishedArchive) -> np.ndarray:
    """All images of a corruption, uint8 [5 * images, h, w, 3], mapped: in a plain .tar its files lie as they are."""
    file, start = path / f"{name}.npy", 0
    if path.is_file():
        with tarfile.open(path, "r:") as members:
            try:
                member = members.getmember(f"{archive.folder}/{name}.npy")
            except KeyError as error:
                raise ValueError(f"it holds no {archive.folder}/{name}.npy") from error
        file, start = path, member.offset_data
    with open(file, "rb") as opened:
        opened.seek(start)
        if np.lib.format.read_magic(opened) != (1, 0):
            raise ValueError(f"{name}.npy: expected version 1.0 of the format")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(opened)
        data_start = opened.tell()
    expected = (len(SEVERITIES) * archive.images, *archive.image_shape)
    if dtype != np.uint8 or shape != expected or fortran_order:
        raise ValueError(f"{name}.npy: got {dtype} {list(shape)}, expected uint8 {list(expected)} in C order")
    return np.memmap(file, dtype, "c", data_start, shape)


def _damaged(path: Path, archive: PublishedArchive, error: Exception) -> str:
    return (
        f"{archive.folder}: {path} is not as it was published: {error}\n"
        "Remove it; then either run `lostprune data cifar10-c` to fetch it again, or continue without it, with "
        "generated images."
    )
