"""``corrupt_mixed``: several corruptions within one batch, each image with a draw of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .randomness import ImageRandomness, draw_seeds
from .registry import apply, check_arguments


def corrupt_mixed(
    images: torch.Tensor,
    names: Sequence[str],
    severity: int = 3,
    constants: str = "cifar10-c",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Corrupt every image with one of ``names`` or with none, all equally probable (Section 6.1 of the paper).

    An image that draws a corruption becomes the same as with :func:`lostprune.corruptions.corrupt` and a generator in
    the same state. One that draws none stays as it is. Several small batches give the same as one large batch.

    >>> images = torch.randint(256, (128, 3, 32, 32), dtype=torch.uint8)
    >>> corrupt_mixed(images, ("contrast", "snow"), generator=torch.Generator().manual_seed(0)).shape
    torch.Size([128, 3, 32, 32])

    Args:
        images: uint8 [n, 3, h, w], RGB, on a CPU or a CUDA device.
        names: names from :data:`lostprune.corruptions.NAMES`; with two names, a third of the images stays as it is.
        severity, constants, generator: as for :func:`lostprune.corruptions.corrupt`.

    Returns:
        uint8 [n, 3, h, w] on the images' device.

    Raises:
        TypeError, ValueError, lostprune.data.DataUnavailable: as :func:`lostprune.corruptions.corrupt` does.
    """
    if isinstance(names, str):
        raise TypeError(f"names: got {names!r}, expected several, such as ({names!r},)")
    check_arguments(images, tuple(names), severity, constants, generator)
    seeds = draw_seeds(len(images), generator or torch.Generator().manual_seed(0))
    # Seeds are not negative, so no image's corruption takes its numbers from where the choice takes its own.
    choice = ImageRandomness(~seeds).integers(len(names) + 1)
    corrupted = images.clone(memory_format=torch.contiguous_format)
    for number, name in enumerate(names):
        rows = (choice == number).nonzero()[:, 0]  # known on the CPU: nothing waits for the images' device
        places = rows.to(images.device)
        corrupted.index_copy_(0, places, apply(images.index_select(0, places), name, severity, constants, seeds[rows]))
    return corrupted
