"""``corrupt``: a corruption by name, on any number of images."""

from __future__ import annotations

import torch

from ..foundations.choices import check_choice
from . import blur, digital, elastic, noise, spatter, weather
from .constants import CONSTANTS
from .levels import truncate
from .randomness import ImageRandomness, draw_seeds
from .severities import check_severity

# In CIFAR-10-C's spelling and order: noise, blur, weather, digital, and the four that are extra there. A new corruption
# is a function of (x, constant, random), its row in CONSTANTS, a line here.
CORRUPTIONS = {
    "gaussian_noise": noise.gaussian_noise,
    "shot_noise": noise.shot_noise,
    "impulse_noise": noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "glass_blur": blur.glass_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "snow": weather.snow,
    "frost": weather.frost,
    "fog": weather.fog,
    "brightness": weather.brightness,
    "contrast": digital.contrast,
    "elastic_transform": elastic.elastic_transform,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
    "speckle_noise": noise.speckle_noise,
    "gaussian_blur": blur.gaussian_blur,
    "spatter": spatter.spatter,
    "saturate": digital.saturate,
}
NAMES = tuple(CORRUPTIONS)
# Hendrycks and Dietterich's four kinds; the extra four of CIFAR-10-C are one of each.
CATEGORIES = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}

# Floats at once: on a CPU what stays in its cache, on a GPU what keeps it busy; memory is bounded by either.
_VALUES_AT_ONCE = {"cpu": 128 * 3 * 32 * 32, "cuda": 2048 * 3 * 32 * 32}


def corrupt(
    images: torch.Tensor,
    name: str,
    severity: int = 3,
    constants: str = "cifar10-c",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Corrupt images as CIFAR-10-C does (Hendrycks and Dietterich, 2019; Section 5.1 of the paper).

    Args:
        images: uint8 [n, 3, h, w], RGB, on a CPU or a CUDA device.
        name: one of :data:`NAMES`.
        severity: 1 to 5.
        constants: "cifar10-c", or "imagenet-c", made for 224 x 224 pixels and far stronger on small images.
        generator: a CPU generator, from which one seed per image is drawn; ``None`` makes a new one with seed 0. The
            result for an image depends only on its seed, so several small batches give the same as one large batch.

    A higher severity changes an image more (root mean square), except for glass_blur, frost, elastic_transform, spatter
    and saturate, whose definitions trade one strength for another.

    Returns:
        uint8 [n, 3, h, w] on the images' device: clipped to [0, 1], times 255, truncated as CIFAR-10-C's are.

    Raises:
        TypeError: images are not a uint8 tensor, severity is not a whole number, or generator is not a CPU generator.
        ValueError: images have another shape or device; unknown name, severity or constants.
        lostprune.data.DataUnavailable: the photographs that "frost" takes its crops from could not be fetched.
    """
    check_arguments(images, (name,), severity, constants, generator)
    seeds = draw_seeds(len(images), generator or torch.Generator().manual_seed(0))
    return apply(images, name, severity, constants, seeds)


def apply(images: torch.Tensor, name: str, severity: int, constants: str, seeds: torch.Tensor) -> torch.Tensor:
    """:func:`corrupt`, each image with the seed that is given for it: int64 [n]."""
    function, constant, seeds = CORRUPTIONS[name], CONSTANTS[constants][name][severity - 1], seeds.to(images.device)
    corrupted = torch.empty_like(images, memory_format=torch.contiguous_format)
    if len(images) == 0:
        return corrupted
    step = max(1, _VALUES_AT_ONCE[images.device.type] // images[0].numel())
    for part, part_seeds, out in zip(images.split(step), seeds.split(step), corrupted.split(step), strict=True):
        x = function(part.to(torch.float32) / 255, constant, ImageRandomness(part_seeds))
        out.copy_(truncate(x))
    return corrupted


def check_arguments(
    images: object, names: tuple[object, ...], severity: object, constants: object, generator: object
) -> None:
    """Raise what :func:`corrupt` says about its arguments."""
    if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8:
        got = images.dtype if isinstance(images, torch.Tensor) else type(images).__name__
        raise TypeError(f"images: got {got}, expected a torch.uint8 tensor of pixels from 0 to 255")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
        raise ValueError(
            f"images: got the shape {list(images.shape)}, expected [n, 3, h, w]; one image is images[None]"
        )
    if images.device.type not in _VALUES_AT_ONCE:
        raise ValueError(
            f"images: got the device {images.device}, expected a CPU or CUDA device; move them with .cpu()"
        )
    for name in names:
        check_choice("corruption", name, NAMES)
    check_choice("constants", constants, CONSTANTS)
    check_severity(severity)
    if generator is not None and (not isinstance(generator, torch.Generator) or generator.device.type != "cpu"):
        raise TypeError(f"generator: got {generator!r}, expected a torch.Generator on the CPU; images may be elsewhere")
