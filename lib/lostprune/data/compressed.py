"""JPEG files that a GPU decodes: workers only read their bytes."""

from __future__ import annotations

import functools
import io
import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from PIL import Image

from ..foundations import lazy
from ..foundations.reasons import first_line
from .pictures import UNREADABLE, Pictures
from .split import origin

if TYPE_CHECKING:
    from torchvision import io as torchvision_io
else:
    torchvision_io = lazy.Module("torchvision.io")

log = logging.getLogger("lostprune")
_DECODED = ("L", "RGB")  # modes of JPEG files that nvJPEG decodes; the few others of ImageNet are CMYK


def supported() -> bool:
    """Whether this torchvision decodes JPEG files: 0.29 says that a later one will not."""
    return hasattr(torchvision_io, "decode_jpeg")


def read(images: Sequence[torch.Tensor], index: int) -> torch.Tensor:
    """The bytes of an image, uint8 [bytes], if a GPU can decode them; else the image itself, uint8 [3, h, w].

    Raises:
        DamagedImage: it is not a whole image.
    """
    pictures, place = origin(images, index)
    if isinstance(pictures, Pictures) and not pictures.border:
        try:
            content = pictures.files.read(place)
            with Image.open(io.BytesIO(content)) as picture:  # its header only
                if picture.format == "JPEG" and picture.mode in _DECODED:
                    return torch.frombuffer(bytearray(content), dtype=torch.uint8)
        except UNREADABLE:
            pass  # the next line reads it again, and says what is wrong with which file
    return images[index]


def decode(
    contents: Sequence[torch.Tensor], images: Sequence[torch.Tensor], indices: Sequence[int], device: torch.device
) -> list[torch.Tensor]:
    """Images uint8 [3, h, w] on ``device``, decoded there.

    Args:
        contents: of each image what ``read`` gives.
        images: the set that they are of, which decodes what the device refuses, on the CPU.
        indices: their positions in it.

    Raises:
        DamagedImage: neither decodes an image.
    """
    files = [content for content in contents if content.ndim == 1]
    try:
        decoded = iter(_decode_files(files, device))
    except RuntimeError as error:  # torchvision returns no part of a batch
        _say_once(first_line(error))
        return [images[index].to(device) for index in indices]
    return [next(decoded) if content.ndim == 1 else content.to(device) for content in contents]


def _decode_files(files: list[torch.Tensor], device: torch.device) -> list[torch.Tensor]:
    if not files:
        return []
    with warnings.catch_warnings():  # torchvision 0.29 warns that a later one will have no decoder
        warnings.filterwarnings("ignore", "The image decoding and encoding capabilities", DeprecationWarning)
        return torchvision_io.decode_jpeg(files, torchvision_io.ImageReadMode.RGB, device)


@functools.cache
def _say_once(reason: str) -> None:
    log.warning("images are decoded on the CPU, which is slower: the device did not decode a batch (%s)", reason)
