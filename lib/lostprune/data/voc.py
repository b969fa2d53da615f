"""Pascal VOC segmentation, 20 classes and the background, with SBD's extra masks: images of many sizes.

Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2015; Hariharan et al., Semantic Contours from
Inverse Detectors, ICCV 2011.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io
import torch
from PIL import Image

from ..foundations.reasons import first_line
from .listing import Listing
from .pictures import DamagedImage, Files, Pictures
from .roots import Folder, first_repeated, text_of

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
IGNORE = 255  # outlines of objects, and what is hard to tell
FILES = {"train": "train", "test": "val"}
# Trees below the data folder; the first that is there is taken. The archive of 2011 has its own in the folder TrainVal.
TREES = tuple(f"{top}VOCdevkit/VOC{year}" for year in (2011, 2012) for top in ("", "TrainVal/"))
SBD = ("benchmark_RELEASE/dataset", "sbd")  # as its archive has it, and as torchvision's SBDataset leaves it
LISTS = "ImageSets/Segmentation"
AUGMENTED = ("train_aug.txt", "trainaug.txt")  # of the masks in SegmentationClassAug; both names are in use


def read(folder: Path, split: str) -> Listing | None:
    """The ``"train"`` or ``"test"`` images and masks; ``None`` if the data folder holds neither VOC's tree nor SBD's.

    Where VOC's tree has the folder SegmentationClassAug and its list, these are the training masks. Otherwise they are
    those of VOC's training images and all that SBD adds, without VOC's validation images, which test. Where SBD is
    alone, its own two lists are taken, as in the original study.

    Raises:
        ValueError, OSError: what lies there is not Pascal VOC.
    """
    tree = next((folder / name for name in TREES if (folder / name).is_dir()), None)
    sbd = next((folder / name for name in SBD if (folder / name / "cls").is_dir()), None)
    if tree is None:
        return None if sbd is None else _listing(folder, _of_sbd(sbd, _names(sbd / f"{FILES[split]}.txt")))
    own, augmented = tree / "SegmentationClass", tree / "SegmentationClassAug"
    test = _names(tree / LISTS / "val.txt")
    if split == "test":
        return _listing(folder, _of_voc(tree, own if own.is_dir() else augmented, test))
    longer = next((tree / LISTS / name for name in AUGMENTED if (tree / LISTS / name).is_file()), None)
    if augmented.is_dir() and longer is not None:
        return _listing(folder, _of_voc(tree, augmented, _names(longer, test)))
    train = _names(tree / LISTS / "train.txt", test)
    pairs = _of_voc(tree, own, train)
    if sbd is not None:
        more = {*_names(sbd / "train.txt"), *_names(sbd / "val.txt")} - {*train, *test}
        pairs += _of_sbd(sbd, sorted(more))
    return _listing(folder, pairs)


class Masks(Sequence[torch.Tensor]):
    """The class of every pixel, int64 [h, w] each, from .png files of class numbers or SBD's .mat files."""

    def __init__(self, files: Files):
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Raises DamagedImage, IndexError."""
        index = range(len(self))[index]
        try:
            content = io.BytesIO(self.files.read(index))
            if self.files.path(index).suffix == ".mat":
                mask = scipy.io.loadmat(content)["GTcls"][0]["Segmentation"][0]
            else:
                with Image.open(content) as picture:
                    mask = np.array(picture)
        except Exception as error:  # SciPy and Pillow raise many kinds, by what is wrong with a file
            raise DamagedImage(
                f"{self.files.path(index)}: got {first_line(error)}, expected a mask of class numbers"
            ) from error
        return torch.from_numpy(mask.astype(np.int64))


class _Check:
    """Raises DamagedImage unless an image can be read and its mask fits it."""

    def __init__(self, images: Pictures, masks: Masks):
        self.images, self.masks = images, masks

    def __call__(self, index: int) -> None:
        image, mask, path = self.images[index], self.masks[index], self.masks.files.path(index)
        if mask.shape != image.shape[1:]:
            got, expected = " x ".join(map(str, mask.shape)), " x ".join(map(str, image.shape[1:]))
            raise DamagedImage(f"{path}: got a mask of {got} pixels, expected {expected} as its image")
        wrong = mask[(mask >= len(CLASSES)) & (mask != IGNORE)]
        if len(wrong):
            raise DamagedImage(
                f"{path}: got class {wrong[0]}, expected 0 to {len(CLASSES) - 1}, or {IGNORE} for pixels without one"
            )


def _names(path: Path, tested: Sequence[str] = ()) -> list[str]:
    """The names of a list, each there once, and none of them among those that are ``tested`` on."""
    names = text_of(path).split()
    if not names:
        raise ValueError(f"{path}: got an empty list, expected the names of images")
    if twice := first_repeated(names):
        raise ValueError(f"{path}: got {twice} twice, expected each image once")
    if both := sorted({*names} & {*tested}):
        raise ValueError(f"{path}: got {both[0]}, which is a validation image, too; expected others to train on")
    return names


def _of_voc(tree: Path, masks: Path, names: list[str]) -> list[tuple[Path, Path]]:
    return [(tree / "JPEGImages" / f"{name}.jpg", masks / f"{name}.png") for name in names]


def _of_sbd(sbd: Path, names: list[str]) -> list[tuple[Path, Path]]:
    return [(sbd / "img" / f"{name}.jpg", sbd / "cls" / f"{name}.mat") for name in names]


def _listing(folder: Path, pairs: list[tuple[Path, Path]]) -> Listing:
    for image, mask in pairs:
        for path, what in ((image, "image"), (mask, "mask")):
            if not path.is_file():
                raise ValueError(f"{path}: got no such {what}, expected one for {image.stem}, which is in the list")
    root = Folder(folder)
    images, masks = (
        root.files([path.relative_to(folder).as_posix() for path in paths]) for paths in zip(*pairs, strict=True)
    )
    pictures, labels = Pictures(images), Masks(masks)
    digest = hashlib.sha256((images.digest() + masks.digest()).encode()).hexdigest()
    return Listing(pictures, labels, CLASSES, _Check(pictures, labels), digest)
