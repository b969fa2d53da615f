"""Data sets of image files, which the reader has or fetches: what to put where, and how it is read."""

from __future__ import annotations

import contextlib
import http.client
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import filelock

from ..tasks import Segmentation
from . import imagenet, objectnet, resident, tiny_imagenet, views, voc
from .datasets import Dataset
from .fetch import fetch
from .intact import check_all
from .listing import Listing, first_classes
from .obtain import DataUnavailable, writing
from .sources import Source
from .split import Split


@dataclass(frozen=True)
class Tree:
    """A data set of image files.

    Attributes:
        read: the listing of a split in the data folder; ``None`` if nothing of it lies there.
        put: the files to put into the data folder, in words, one form after the other.
        archives: the archives that ``lostprune data`` can fetch.
    """

    read: Callable[[Path, str], Listing | None]
    put: tuple[str, ...]
    archives: tuple[Source, ...] = ()


TREES = {
    "imagenet": Tree(
        imagenet.read,
        put=(
            "ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz from image-net.org, "
            "which asks you to register; they are read as they are",
            "or a folder imagenet or ILSVRC2012 with the folders train and val, and in each a folder for each synset",
        ),
    ),
    "tiny_imagenet": Tree(
        tiny_imagenet.read,
        put=("tiny-imagenet-200.zip, or the folder tiny-imagenet-200 that it extracts to",),
        archives=(
            # torch-uncertainty and the course's own pages name this address; size and MD5 as published there
            Source(
                file="tiny-imagenet-200.zip",
                origin="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
                size=248_100_043,
                md5="90528d7ca1a48142e341f4ef8d21d0de",
            ),
        ),
    ),
    "objectnet": Tree(
        objectnet.read,
        put=(
            "the folder objectnet-1.0, extracted from objectnet-1.0.zip of objectnet.dev with the password given there",
        ),
    ),
    "voc": Tree(
        voc.read,
        put=(
            "the folder VOCdevkit/VOC2011 (or VOC2012), extracted from its archive, and for SBD's masks the folder "
            "benchmark_RELEASE, extracted from benchmark.tgz",
            "or VOCdevkit/VOC2012 with the folder SegmentationClassAug and ImageSets/Segmentation/train_aug.txt",
        ),
        archives=(
            # addresses and MD5 as torchvision's VOCSegmentation and SBDataset have them
            Source(
                file="VOCtrainval_25-May-2011.tar",
                origin="https://thor.robots.ox.ac.uk/pascal/VOC/voc2011/VOCtrainval_25-May-2011.tar",
                md5="6c3384ef61512963050cb5d687e5bf1e",
                unpacks_to="TrainVal/VOCdevkit",
            ),
            Source(
                file="benchmark.tgz",
                origin="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
                md5="82b4d87ceb2ed10f6038a1cba92111cb",
                unpacks_to="benchmark_RELEASE",
            ),
        ),
    ),
}


def load_tree(
    name: str, dataset: Dataset, split: str, folder: Path, classes: int | None = None, size: int | None = None
) -> Split:
    """A split of a data set of image files; see :func:`lostprune.data.load`.

    Raises:
        DataUnavailable: nothing of it lies in the data folder, or what lies there is not that data set.
        DamagedImage: images that cannot be read; names them.
        ValueError: it has fewer classes.
    """
    listing = _listing(name, split, folder)
    if listing is not None and classes is not None:
        listing = first_classes(listing, classes)
    small = folder / name / f"{classes or 'all'}-classes-{size}-pixels"
    if listing is not None and not _is_small(dataset, len(listing.images), size):
        check_all(f"{name} {split}", len(listing.images), listing.check, listing.digest, folder)
        return Split(listing.images, listing.labels, listing.classes)
    can_write = os.access(folder, os.W_OK)
    lock = filelock.FileLock(folder / f".{name}.lock") if can_write else contextlib.nullcontext()
    with writing(name, folder), lock:  # processes that start at once make them once
        kept = resident.read(small, split, listing and listing.digest)
        if kept is None and listing is not None:
            resident.keep(small, name, split, listing, size, views.test_view(dataset, size))
            kept = resident.read(small, split, listing.digest)
    if kept is None and listing is None:
        raise DataUnavailable(_explain(name, folder))
    if kept is None:
        raise DataUnavailable(f"{name}: {folder} does not give back what was written there; check the disk")
    return Split(*kept)


def fetch_tree(name: str, folder: Path) -> None:
    """Fetch and unpack those of the archives of a data set that do not lie in the data folder.

    Raises:
        DataUnavailable: one of them cannot be fetched, or written.
    """
    tree = TREES[name]
    try:
        if len(tree.archives) == 1 and all(tree.read(folder, split) is not None for split in ("train", "test")):
            return  # in another form than the archive's, perhaps
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{name}.lock"):
            for source in TREES[name].archives:
                if not any((folder / there).exists() for there in (source.unpacks_to, source.file) if there):
                    fetch(source, folder)
                if source.unpacks_to and not (folder / source.unpacks_to).exists():
                    _unpack(folder / source.file, source.unpacks_to)
    except (OSError, ValueError, RuntimeError, tarfile.TarError, http.client.HTTPException) as error:
        raise DataUnavailable(f"{name}: {error}\n{_explain(name, folder)}") from error


def _unpack(archive: Path, top: str) -> None:
    """Unpack a .tar beside it, whole or not at all: what it holds moves from a temporary folder."""
    part, top = archive.with_name(f".{archive.name}.part"), top.partition("/")[0]
    with tarfile.open(archive) as members:
        members.extractall(part, filter="data")
    (part / top).rename(archive.parent / top)
    part.rmdir()
    archive.unlink()


def _listing(name: str, split: str, folder: Path) -> Listing | None:
    try:
        return TREES[name].read(folder, split)
    except (OSError, ValueError) as error:
        raise DataUnavailable(f"{name}: what lies in {folder} cannot be read: {error}") from error


def _is_small(dataset: Dataset, count: int, size: int | None) -> bool:
    """Whether a split is kept as an array; images with masks never are, since they are cropped again each time."""
    return size is not None and not isinstance(dataset.task, Segmentation) and resident.fits(count, size)


def _explain(name: str, folder: Path) -> str:
    tree = TREES[name]
    lines = [f"{name}: not found in {folder}. Put there (or set LOSTPRUNE_DATA to another folder):"]
    lines += [f"  - {form}" for form in tree.put]
    if tree.archives:
        lines.append(f"`lostprune data {name}` fetches {' and '.join(source.file for source in tree.archives)}.")
    return "\n".join(lines)
