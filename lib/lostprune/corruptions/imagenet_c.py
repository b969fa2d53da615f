"""ImageNet-C as it was published: ImageNet's validation images under 19 corruptions, 224 x 224 pixels, as JPEG files.

Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR 2019.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from ..data import DataUnavailable, Pictures, listing, locate
from ..data.roots import Folder

NAME = "ImageNet-C"
# The archives that it is distributed in, whose names may be folders above those of the corruptions.
ARCHIVES = ("", "noise", "blur", "weather", "digital", "extra")


def published_imagenet_c(
    name: str, severity: int, classes: Sequence[str], folder: str | os.PathLike | None = None
) -> Pictures | None:
    """The images of some classes in the order of :func:`lostprune.data.load` for ``"imagenet"``, ``"test"``.

    They are looked for in the folder ``ImageNet-C`` of the data folder, as the five archives extract:
    ``gaussian_noise/3/n01440764/ILSVRC2012_val_00000293.JPEG``, with or without the archive's name before it. JPEG
    files cannot be checked against anything, but each is whole, or an error when it is read.

    Args:
        name: a corruption.
        severity: 1 to 5.
        classes: synsets.
        folder: the data folder.

    Returns:
        uint8 [3, 224, 224] each, or ``None`` where this corruption does not lie there.

    Raises:
        DataUnavailable: it lies there without some of the classes.
    """
    places = (locate(folder) / NAME / archive / name / str(severity) for archive in ARCHIVES)
    place = next((place for place in places if place.is_dir()), None)
    return None if place is None else _listed(place, tuple(classes))


@functools.lru_cache(maxsize=32)  # a listing of 50,000 files takes a second
def _listed(place: Path, classes: tuple[str, ...]) -> Pictures:
    try:
        return listing.folder_by_class(Folder(place), {synset: synset for synset in classes}).images
    except ValueError as error:
        raise DataUnavailable(f"{NAME}: {error}; remove the folder {place}, and images are generated") from error
