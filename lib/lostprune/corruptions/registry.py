"""``corrupt``: a corruption by name, on any number of images."""

from __future__ import annotations

from numbers import Integral

import torch

from ..choices import choose
from . import digital, noise, weather
from .constants import CONSTANTS
from .randomness import ImageRandomness, draw_seeds

# In CIFAR-10-C's spelling. A new corruption is a function of (x, constant, random), its row in CONSTANTS, a line here.
CORRUPTIONS = {
    "gaussian_noise": noise.gaussian_noise,
    "brightness": weather.brightness,
    "contrast": digital.contrast,
}
NAMES = tuple(CORRUPTIONS)
SEVERITIES = (1, 2, 3, 4, 5)

_VALUES_AT_ONCE = 128 * 3 * 32 * 32  # the floats in between stay in a processor's cache; on a GPU it matters little


def corrupt(
    images: torch.Tensor,
    name: str,
    severity: int = 3,
    constants: str = "cifar10-c",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Corrupt images as CIFAR-10-C does (Hendrycks and Dietterich, 2019; Section 5.1 of the paper).

    Args:
        images: uint8 [n, 3, h, w], RGB.
        name: one of :data:`NAMES`.
        severity: 1 to 5.
        constants: "cifar10-c", or "imagenet-c", whose corruptions are far stronger on small images.
        generator: a CPU generator, from which one seed per image is drawn; ``None``: a new one with seed 0. What
            happens to an image depends on its seed only, so batches one after the other give what one batch gives.

    Returns:
        uint8 [n, 3, h, w] on the images' device: clipped to [0, 1], times 255, truncated as CIFAR-10-C's are.

    Raises:
        TypeError: images are no uint8 tensor, severity is no whole number, generator is no CPU generator.
        ValueError: images have another shape; unknown name, severity or constants.
    """
    _check(images, name, severity, constants, generator)
    function, constant = CORRUPTIONS[name], CONSTANTS[constants][name][severity - 1]
    seeds = draw_seeds(len(images), generator or torch.Generator().manual_seed(0)).to(images.device)
    corrupted = torch.empty_like(images, memory_format=torch.contiguous_format)
    step = max(1, _VALUES_AT_ONCE // max(1, images[:1].numel()))
    for part, part_seeds, out in zip(images.split(step), seeds.split(step), corrupted.split(step), strict=True):
        x = function(part.to(torch.float32) / 255, constant, ImageRandomness(part_seeds))
        out.copy_(x.clamp_(0, 1).mul_(255))  # float to uint8 truncates
    return corrupted


def _check(images: object, name: object, severity: object, constants: object, generator: object) -> None:
    if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8:
        got = images.dtype if isinstance(images, torch.Tensor) else type(images).__name__
        raise TypeError(f"images: got {got}, expected a torch.uint8 tensor of pixels from 0 to 255")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
        raise ValueError(
            f"images: got the shape {list(images.shape)}, expected [n, 3, h, w]; one image is images[None]"
        )
    choose("corruption", name, NAMES)
    choose("constants", constants, CONSTANTS)
    if isinstance(severity, bool) or not isinstance(severity, Integral):
        raise TypeError(f"severity: got {severity!r}, expected a whole number from 1 to 5")
    if severity not in SEVERITIES:
        raise ValueError(f"severity: got {severity}, expected 1 (weak) to 5 (strong)")
    if generator is not None and (not isinstance(generator, torch.Generator) or generator.device.type != "cpu"):
        raise TypeError(f"generator: got {generator!r}, expected a torch.Generator on the CPU; images may be elsewhere")
