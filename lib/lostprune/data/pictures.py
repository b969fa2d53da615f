"""Sets of image files that are read one by one: nothing of them is in memory before it is taken."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..foundations.reasons import first_line

# What reading and decoding a file may raise, by whatever is wrong with it.
UNREADABLE = (OSError, EOFError, ValueError, SyntaxError, zlib.error, Image.DecompressionBombError)
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_OTHER_LEVELS = ("I", "F")  # of 32 bits: nothing says which level is white


class DamagedImage(ValueError):
    """An image or its mask is not what it should be; the message names the file."""


@dataclass(frozen=True, eq=False)
class Files:
    """Where the bytes of many files are: below a folder, or inside an archive, which stays as it is.

    Arrays instead of lists of names: the workers of a loader share them, whatever their number.

    Attributes:
        root: the folder or the archive.
        names: bytes [n], the path of each file below the root.
        sizes: int64 [n], bytes, as they lie there.
        times: int64 [n], when each file, or the archive, was changed, in ns.
        starts: int64 [n], where the bytes of each file begin in the archive; ``None`` for a folder.
        deflated: bool [n], whether they are compressed in it, as the members of a .zip mostly are; ``None``: none is.
    """

    root: Path
    names: np.ndarray
    sizes: np.ndarray
    times: np.ndarray
    starts: np.ndarray | None = None
    deflated: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """Where a file is, for messages: the path of an archive, then that of its member."""
        return self.root / os.fsdecode(self.names[index])

    def read(self, index: int) -> bytes:
        """All bytes of one file. Raises OSError, zlib.error."""
        if self.starts is None:
            return self.path(index).read_bytes()
        with open(self.root, "rb") as archive:
            archive.seek(self.starts[index])
            content = archive.read(self.sizes[index])
        if self.deflated is not None and self.deflated[index]:
            return zlib.decompress(content, -zlib.MAX_WBITS)
        return content

    def only(self, chosen: np.ndarray) -> Files:
        """Those of the files that ``chosen`` says, by their positions."""
        arrays = (self.names, self.sizes, self.times, self.starts, self.deflated)
        return Files(self.root, *(None if array is None else array[chosen] for array in arrays))

    def digest(self) -> str:
        """64 hexadecimal digits that change if a file is added, removed, renamed or written."""
        digest = hashlib.sha256()
        for array in (self.names, self.sizes, self.times):
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()


class Pictures(Sequence[torch.Tensor]):
    """Images of any size, uint8 [3, h, w] each; greyscale ones become RGB.

    Args:
        files: JPEG or PNG files.
        border: pixels to cut off on every side.
    """

    def __init__(self, files: Files, border: int = 0):
        self.files, self.border = files, border

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Raises DamagedImage, IndexError."""
        index = range(len(self))[index]
        try:
            image = _decode(self.files.read(index))
        except UNREADABLE as error:
            raise DamagedImage(
                f"{self.files.path(index)}: got {first_line(error)}, expected a whole JPEG or PNG image"
            ) from error
        if min(image.shape[1:]) <= 2 * self.border:
            got, path = " x ".join(map(str, image.shape[1:])), self.files.path(index)
            raise DamagedImage(f"{path}: got {got} pixels, expected more than a frame of {self.border} on every side")
        inside = slice(self.border, -self.border or None)
        return image[:, inside, inside]


def _decode(content: bytes) -> torch.Tensor:
    """uint8 [3, h, w]; the colours of a pixel lie together, which makes resizing faster."""
    with Image.open(io.BytesIO(content)) as picture:
        eight = eight_bits(picture)
        colored = eight if eight.mode == "RGB" else eight.convert("RGB")
        return torch.from_numpy(np.array(colored)).permute(2, 0, 1)


def eight_bits(picture: Image.Image) -> Image.Image:
    """An image of 16 bits with the higher eight of them, as Pillow reads colours of 16 bits; all others as they are.

    Its own conversion takes every level above 255 for white.

    Raises:
        ValueError: pixels of 32 bits.
    """
    if picture.mode in _OTHER_LEVELS:
        raise ValueError(f"pixels of 32 bits (mode {picture.mode}), expected 8 or 16; convert the image first")
    if picture.mode not in _SIXTEEN_BITS:
        return picture
    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
