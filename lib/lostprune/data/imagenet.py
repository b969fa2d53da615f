"""ImageNet (ILSVRC2012): the two archives with the development kit, or folders by synset; its validation images test.

Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import scipy.io

from .listing import Listing, by_class, check_same_classes, folder_by_class
from .roots import Folder, naming, tar_members

PLACES = ("imagenet", "ILSVRC2012", ".")  # below the data folder; the first that has something is taken
FOLDERS = {"train": "train", "test": "val"}
ARCHIVES = {"train": "ILSVRC2012_img_train.tar", "test": "ILSVRC2012_img_val.tar"}
KIT = "ILSVRC2012_devkit_t12.tar.gz"


def read(folder: Path, split: str) -> Listing | None:
    """The ``"train"`` or ``"test"`` images; ``None`` if neither folders nor the archive of that split lie there.

    Archives are read as they are: nothing is unpacked. The classes are the synsets that have images, in ascending
    order, which is that of the outputs of ImageNet's networks.

    Raises:
        ValueError, OSError: what lies there is not ImageNet, or has other classes in training than in
            validation.
    """
    found = {name: _find(folder, name) for name in FOLDERS}
    if found[split] is None:
        return None
    if None not in found.values():
        check_same_classes(found["train"].classes, found["test"].classes)
    return found[split].listing()


def _find(folder: Path, split: str) -> _Synsets | _Archive | None:
    for place in (folder / name for name in PLACES):
        if place != folder and (place / FOLDERS[split]).is_dir():
            return _Synsets(Folder(place / FOLDERS[split]))
        if (place / ARCHIVES[split]).is_file():
            return _Archive(place / ARCHIVES[split], split, folder / "imagenet" / f"{split}_index.npz")
    return None


class _Synsets:
    """A folder for each synset."""

    def __init__(self, root: Folder):
        self.root, self.classes = root, root.folders()

    def listing(self) -> Listing:
        return folder_by_class(self.root, {name: name for name in self.classes})


class _Archive:
    """The archive of one split: of the training images one of archives, one for each synset."""

    def __init__(self, path: Path, split: str, index: Path):
        self.files = tar_members(path, index)
        names = [os.fsdecode(name) for name in self.files.names]
        if not names:
            raise ValueError(f"{path}: got an archive without images, expected JPEG files")
        if split == "train":
            self.synsets = [name.partition("/")[0] for name in names]
        else:
            truth = _validation_synsets(path.parent / KIT)
            self.synsets = []
            for name in names:
                number = name.rpartition("_")[2].partition(".")[0]  # ILSVRC2012_val_00000001.JPEG
                if not number.isdecimal() or not 1 <= int(number) <= len(truth):
                    raise ValueError(
                        f"{path}: got the image {name}, expected names such as ILSVRC2012_val_00000001.JPEG, with "
                        f"numbers up to {len(truth)}, which {KIT} labels"
                    )
                self.synsets.append(truth[int(number) - 1])
        self.classes = tuple(sorted(set(self.synsets)))

    def listing(self) -> Listing:
        places = {name: place for place, name in enumerate(self.classes)}
        return by_class(self.files, np.array([places[name] for name in self.synsets]), self.classes)


def _validation_synsets(kit: Path) -> list[str]:
    """The synset of each validation image, in the order of their numbers."""
    if not kit.is_file():
        raise FileNotFoundError(
            f"{kit}: got no such file, expected the development kit, which labels {ARCHIVES['test']}"
        )
    found = {}
    with naming(kit), tarfile.open(kit, "r:gz") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if name == "meta.mat":
                found[name] = scipy.io.loadmat(archive.extractfile(member), squeeze_me=True)["synsets"]
            elif name == "ILSVRC2012_validation_ground_truth.txt":
                found[name] = archive.extractfile(member).read().decode().split()
    if len(found) < 2:
        raise ValueError(f"{kit}: got {', '.join(found) or 'neither file'}, expected meta.mat and the ground truth")
    synsets, truth = found["meta.mat"], found["ILSVRC2012_validation_ground_truth.txt"]
    with naming(kit, "the development kit of ILSVRC2012"):
        by_number = dict(zip(synsets["ILSVRC2012_ID"].tolist(), synsets["WNID"].tolist(), strict=True))
        return [str(by_number[int(number)]) for number in truth]
