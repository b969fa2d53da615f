"""``rank_pixels``: the pixels of images in the order in which a network can do without them."""

from __future__ import annotations

import torch
from torch import nn

from ..foundations.choices import check_choice
from ..networks.copies import copied
from . import gradient
from .cores import on_every_core
from .exact import ExactSearch

SEARCHES = ("exact", "gradient")


def rank_pixels(
    network: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor | None = None,
    pixels_per_step: int = 1,
    search: str = "exact",
    among: torch.Tensor | None = None,
    fill: float | torch.Tensor = 0.0,
) -> torch.Tensor:
    """Rank the pixels of every image, the least informative first (BackSelect; Section 4.1 of the paper).

    In every step pixels are masked, with all their channels, and stay masked. With the exact search it is the pixel
    without which the softmax output of the target class stays highest; of equal ones, the first. With the gradient
    search it is the ``pixels_per_step`` pixels with the largest gradient of that output with respect to the mask: much
    faster, and not the same pixels. The last tenth of a ranking is what the paper calls the informative pixels.

    Args:
        network: from float32 [n, channels, h, w] to logits [n, classes], on the device of the images. It is used in
            evaluation mode and not modified. Its parameters need no gradients.
        images: network inputs, float32 [n, channels, h, w].
        targets: classes, int64 [n]; by default the network's predictions for the whole images.
        pixels_per_step: from 1 to h * w; the last step may mask fewer.
        search: ``"exact"`` or ``"gradient"``.
        among: bool [n, h * w]; pixels outside are masked from the start and stand first, in ascending order.
        fill: value of masked pixels, in the units of the images: a number, or a tensor that broadcasts to the images.

    Returns:
        int64 [n, h * w], row by row a permutation of the pixels; pixel ``y * w + x`` lies in row y, column x.

    Raises:
        ValueError, TypeError: an argument is not one of the above; logits are NaN; or, for the gradient search, the
            network lets no gradient through.
        torch.OutOfMemoryError: the device cannot hold a single image.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
        >>> with torch.no_grad():
        ...     network[1].weight.copy_(torch.tensor([[4.0, 3.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
        >>> rank_pixels(network, torch.ones(1, 1, 2, 2))
        tensor([[3, 2, 1, 0]])
    """
    check_choice("search", search, SEARCHES)
    images = _checked_images(_tensor("images", images))
    n, pixels = len(images), images[0, 0].numel() if len(images) else images.shape[2] * images.shape[3]
    if isinstance(pixels_per_step, bool) or not isinstance(pixels_per_step, int) or not 1 <= pixels_per_step <= pixels:
        raise ValueError(f"pixels_per_step: got {pixels_per_step!r}, expected a whole number from 1 to {pixels}")
    inside = torch.ones(n, pixels, dtype=torch.bool) if among is None else _tensor("among", among)
    if inside.dtype != torch.bool or inside.shape != (n, pixels):
        raise ValueError(f"among: got {inside.dtype} {tuple(inside.shape)}, expected bool {(n, pixels)}")
    fill = _checked_fill(fill, images)
    if not n:
        return torch.empty(0, pixels, dtype=torch.int64, device=images.device)
    with torch.inference_mode(False):  # copies of what was made in inference mode can be differentiated
        network = copied(network).eval().requires_grad_(False)
    targets = _checked_targets(network, images, targets)
    inside = inside.to(images.device)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # TF32 has 10 of float32's 23 bits
        if search == "gradient":
            return gradient.orders(network, images, fill, targets, inside, pixels_per_step)
        each = list(zip(images, fill, targets.tolist(), inside, strict=True))
        exact = ExactSearch(network, images[0])
        return torch.stack(on_every_core(lambda one: exact.copy().order(*one, pixels_per_step), each, images.device))


def _tensor(name: str, given: object) -> torch.Tensor:
    if not isinstance(given, torch.Tensor):
        raise TypeError(f"{name}: got a {type(given).__name__}, expected a tensor")
    return given


def _checked_images(images: torch.Tensor) -> torch.Tensor:
    if images.dim() != 4 or images.dtype != torch.float32:
        raise ValueError(
            f"images: got {images.dtype} {tuple(images.shape)}, expected float32 [n, channels, h, w]: network inputs, "
            "such as those of data.normalize"
        )
    return images


def _checked_fill(fill: float | torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    fill = torch.as_tensor(fill, dtype=images.dtype, device=images.device)
    try:
        return fill.expand_as(images)
    except RuntimeError:
        raise ValueError(
            f"fill: got a tensor {tuple(fill.shape)}, expected a number or what broadcasts to {tuple(images.shape)}"
        ) from None


@torch.no_grad()
def _checked_targets(network: nn.Module, images: torch.Tensor, targets: torch.Tensor | None) -> torch.Tensor:
    """The targets, int64 [n]; one forward pass of every image gives the number of classes and the default."""
    logits = torch.cat([network(image) for image in images.split(1)])
    if logits.dim() != 2 or len(logits) != len(images):
        raise ValueError(f"network: got outputs {tuple(logits.shape)}, expected logits [{len(images)}, classes]")
    if logits.isnan().any():
        raise ValueError("network: got logits that are NaN, expected numbers")
    if targets is None:
        return logits.argmax(1)
    classes = logits.shape[1]
    if _tensor("targets", targets).shape != (len(images),) or targets.dtype != torch.int64:
        raise ValueError(
            f"targets: got {targets.dtype} {tuple(targets.shape)}, expected int64 [{len(images)}], a class per image"
        )
    if targets.min() < 0 or targets.max() >= classes:
        raise ValueError(
            f"targets: got classes from {int(targets.min())} to {int(targets.max())}, expected 0 to {classes - 1}"
        )
    return targets.to(images.device)
