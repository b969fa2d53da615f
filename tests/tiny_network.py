"""A network that trains within a moment, for tests of everything around the training; importing it registers it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import torch
from torch import nn

import lostprune
from lostprune import networks

# The cycles of a chain take about a tenth of a second each: time enough to be stopped within.
SCALE = lostprune.Scale(
    "moment",
    repetitions=2,
    train_images=512,
    test_images=50,
    epochs=1,
    retrain_epochs=1,
    batch_size=32,
    cycles=4,
    smallest_keep_ratio=0.3,
    prune_only_steps=False,
    corruptions=("brightness", "contrast"),
    noise_levels=(0.0, 0.5),
    noise_images=20,
    noise_draws=2,
    informative_images=6,
    informative_pixels_per_step=128,
)


@networks.register("tiny")
class Tiny(nn.Sequential):
    def __init__(self, num_classes: int = 10):
        super().__init__(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, num_classes),
        )


@contextlib.contextmanager
def one_thread():
    """Networks repeat bitwise on one number of threads; workers and killed processes have one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def moment(**settings) -> lostprune.Study:
    """A study of it."""
    return lostprune.Study(**{"network": "tiny", "scale": SCALE, "methods": ("WT", "FT")} | settings)


def digests(folder: Path, repetition: str = "") -> dict[str, str]:
    """The SHA-256 of every trained network of a store, by name: of all repetitions or of one, such as ``r0``."""
    files = (folder / "checkpoints").glob("*/*.json")
    found = {file.stem: json.loads(file.read_text())["sha256"] for file in files}
    return {name: digest for name, digest in found.items() if f"-{repetition}" in name}
