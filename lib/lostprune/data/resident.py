"""Small sets of image files as arrays: resized once, kept on disk, and mapped into memory instead of decoded again."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from ..foundations.store import write_whole
from . import checked
from .intact import leave_stopping_to_the_reader, workers
from .listing import Listing

log = logging.getLogger("lostprune")
RESIDENT_BYTES = 2 << 30  # of the images of a split; larger ones are read image by image


def fits(count: int, size: int) -> bool:
    """Whether images [count, 3, size, size] are few enough to be kept as an array."""
    return count * 3 * size**2 <= RESIDENT_BYTES


def read(folder: Path, split: str, digest: str | None) -> tuple[torch.Tensor, torch.Tensor, tuple[str, ...]] | None:
    """Images uint8 [n, 3, h, w], labels int64 [n], names of the classes; ``None`` where they are not, or not right.

    The images are mapped copy-on-write: writing to them changes nothing on disk.

    Args:
        digest: digest of their source files; ``None`` accepts any array, for when the files are gone.
    """
    path = _path(folder, split)
    try:
        facts = json.loads(path.with_suffix(".json").read_text())
        if digest is not None and facts["files"] != digest:
            return None
        checked.once(path, folder, lambda file: _check(file, facts["sha256"]))
        images, labels = np.load(path, mmap_mode="c"), torch.tensor(facts["labels"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError) as error:
        log.warning("%s: the kept images are damaged (%r) and will be made again", path, error)
        return None
    return torch.from_numpy(images), labels, tuple(facts["classes"])


def keep(folder: Path, name: str, split: str, listing: Listing, size: int, view: Callable) -> None:
    """Write what :func:`read` reads, each file whole or not at all; never more than a batch is in memory.

    Args:
        name: name of the set, for the progress bar.
        view: makes an image uint8 [3, size, size].

    Raises:
        DamagedImage: one of the images cannot be read.
        OSError: of the file system.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, count = _path(folder, split), len(listing.images)
    loader = DataLoader(
        _Viewed(listing.images, view),
        64,
        num_workers=workers() if count > 1000 else 0,
        worker_init_fn=leave_stopping_to_the_reader,
    )
    digest = hashlib.sha256()

    def write(part: Path) -> None:
        with open(part, "wb") as file, tqdm(desc=f"{name} {split}: decoding", total=count, leave=False) as bar:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, size, size)}
            np.lib.format.write_array_header_1_0(file, header)
            for batch in loader:
                file.write(batch.numpy())
                digest.update(batch.numpy())
                bar.update(len(batch))

    write_whole(path, write)
    facts = {
        "files": listing.digest,
        "sha256": digest.hexdigest(),
        "classes": listing.classes,
        "labels": listing.labels.tolist(),
    }
    write_whole(path.with_suffix(".json"), lambda part: part.write_text(json.dumps(facts)))


class _Viewed(Dataset):
    def __init__(self, images, view: Callable):
        self.images, self.view = images, view

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.view(self.images[index])


def _check(path: Path, sha256: str) -> None:
    images = np.load(path, mmap_mode="r")
    if (got := hashlib.sha256(images).hexdigest()) != sha256:
        raise ValueError(f"got SHA-256 {got[:12]}…, expected {sha256[:12]}…")


def _path(folder: Path, split: str) -> Path:
    return folder / f"{split}_images.npy"
