"""Plain versions of normalisation and augmentation, image by image."""

from __future__ import annotations

import numpy as np


def normalize(images: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """float64 [n, 3, h, w] of uint8 [n, 3, h, w]."""
    inputs = np.empty(images.shape)
    for image, pixels in enumerate(images):
        for channel in range(3):
            inputs[image, channel] = (pixels[channel] / 255 - mean[channel]) / std[channel]
    return inputs


def pad_crop_flip(image: np.ndarray, top: int, left: int, flip: bool) -> np.ndarray:
    """One image uint8 [3, h, w] in a black frame of 4, cropped from (top, left) on, then mirrored."""
    channels, height, width = image.shape
    framed = np.zeros((channels, height + 8, width + 8), np.uint8)
    framed[:, 4 : 4 + height, 4 : 4 + width] = image
    crop = framed[:, top : top + height, left : left + width]
    return crop[:, :, ::-1] if flip else crop


def all_crops(image: np.ndarray) -> dict[tuple[int, int, bool], bytes]:
    """Everything that augmentation may make of an image."""
    choices = [(top, left, flip) for top in range(9) for left in range(9) for flip in (False, True)]
    return {choice: pad_crop_flip(image, *choice).tobytes() for choice in choices}
