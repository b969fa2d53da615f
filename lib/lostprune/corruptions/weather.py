"""Corruptions that come from weather and light.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch

from . import filters
from .frost import frost_crops
from .hue import change_hsv
from .levels import truncate
from .plasma import plasma
from .randomness import ImageRandomness

_GREY = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601


def snow(x: torch.Tensor, constant: tuple[float, ...], random: ImageRandomness) -> torch.Tensor:
    """Whiten, and add flakes that fall in a random direction.

    Constant: mean and standard deviation of the normal numbers that become flakes; how much they are enlarged; the
    number that a flake exceeds; radius and sigma of the blur along its fall; what share the image keeps.
    """
    mean, std, factor, threshold, radius, sigma, kept = constant
    layer = filters.zoom(mean + std * random.normal(1, *x.shape[2:]), factor)
    layer = truncate(torch.where(layer < threshold, 0, layer)) / 255
    degrees = 90 * random.uniform().double() - 135
    layer = truncate(filters.blur_along(layer, radius, sigma, degrees)) / 255
    grey = (x * x.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
    whitened = kept * x + (1 - kept) * torch.maximum(x, 1.5 * grey + 0.5)
    return whitened + layer + layer.flip(2, 3)


def frost(x: torch.Tensor, constant: tuple[float, float, float], random: ImageRandomness) -> torch.Tensor:
    """Add a random crop of one of five photographs of frost on glass.

    Constant: weight of the image, weight of the photograph, and the scale that the photograph is brought to, unless
    an image needs a larger one to fit into it.
    """
    image_weight, frost_weight, scale = constant
    return image_weight * x + frost_weight * frost_crops(scale, *x.shape[2:], random, x.device)


def fog(x: torch.Tensor, constant: tuple[float, float], random: ImageRandomness) -> torch.Tensor:
    """Add a plasma fractal and scale back to the range of the image. Constant: the fractal's weight and its decay."""
    weight, decay = constant
    height, width = x.shape[2:]
    brightest = x.amax(dim=(1, 2, 3), keepdim=True)
    clouds = plasma(max(height, width), decay, random)[:, None, :height, :width]
    return (x + weight * clouds) * (brightest / (brightest + weight))


def brightness(x: torch.Tensor, gain: float, random: ImageRandomness) -> torch.Tensor:
    """Add ``gain`` to the value of HSV, at most up to 1, and keep hue and saturation."""
    return change_hsv(x, lambda saturation, value: (saturation, (value + gain).clamp(max=1)))
