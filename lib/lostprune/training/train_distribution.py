"""What networks are trained on: images as they are, corrupted ones (Section 6), or mixtures (AugMix)."""

from __future__ import annotations

import torch

from .. import corruptions
from ..corruptions.train_corruptions import TRAIN_CORRUPTIONS
from ..foundations.choices import check_choice

SEVERITY = 3  # of the corruptions in training, out of 5 (Appendix E.1), with the constants of CIFAR-10-C


def alter(images: torch.Tensor, training: str, generator: torch.Generator) -> torch.Tensor:
    """What a kind of training makes of images before they are cropped, flipped and normalised.

    Every call draws again. The samples S that pruning takes come from the same distribution.

    Args:
        images: uint8 [n, c, h, w] on a CPU or a CUDA device, with one channel or three. A grey image is corrupted
            as three equal channels, and the first is kept: their mean would be less noisy.
        training: a key of :data:`TRAIN_CORRUPTIONS`: ``"nominal"`` changes and draws nothing; ``"augmix"`` is
            :func:`.augmix.augmix`; the others let each image draw a corruption or none, all equally probable.
        generator: a CPU generator; the same state gives the same images, bitwise on a CPU.

    Returns:
        uint8 [n, c, h, w] on the images' device.

    Raises:
        ValueError: an unknown training.
    """
    check_choice("training", training, TRAIN_CORRUPTIONS)
    if training == "augmix":
        from .augmix import augmix  # torchvision's transforms take a second to import: not before they are needed

        return augmix(images, generator)
    if not TRAIN_CORRUPTIONS[training]:
        return images
    colored = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
    corrupted = corruptions.corrupt_mixed(colored, TRAIN_CORRUPTIONS[training], SEVERITY, "cifar10-c", generator)
    return corrupted[:, : images.shape[1]]
