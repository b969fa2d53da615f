"""What is to be trained, and how: all that a training is told before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..networks.recipes import Recipe


@dataclass(frozen=True, eq=False)
class Run:
    """What is to be trained, and how; see :func:`lostprune.training.train`."""

    network: nn.Module
    images: torch.Tensor | Sequence[torch.Tensor]
    labels: torch.Tensor | Sequence[torch.Tensor]
    recipe: Recipe
    seed: int
    dataset: str = "cifar10"
    masks: Mapping[str, torch.Tensor] | None = None
    engine: str | None = None  # to begin with; None takes what ``engines_for`` does
    image_size: int | None = None  # of images that are read one by one, to which they are cropped
    training: str = "nominal"  # what images are altered by before crop and flip: a key of ``TRAIN_CORRUPTIONS``
    kept: Path | None = None  # folder for its last finished epoch, from which it resumes; None keeps nothing
    kept_of: str = ""  # what it begins with: epochs that are kept of anything else are not used

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of what the network sees."""
        if isinstance(self.images, torch.Tensor):
            return tuple(self.images.shape[1:])
        return len(self.images[0]), self.image_size, self.image_size
