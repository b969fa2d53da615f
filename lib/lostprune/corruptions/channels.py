"""Corruptions of images that are grey."""

from __future__ import annotations

import torch

from .registry import corrupt


def corrupt_any(
    images: torch.Tensor,
    name: str,
    severity: int = 3,
    constants: str = "cifar10-c",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """As :func:`corrupt`, of images with one channel or three.

    A grey image is corrupted as three equal channels, and the first is kept: their mean would be less noisy.
    """
    if images.shape[1] != 1:
        return corrupt(images, name, severity, constants, generator)
    return corrupt(images.expand(-1, 3, -1, -1), name, severity, constants, generator)[:, :1]
