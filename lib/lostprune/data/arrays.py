"""Images and labels as a reader has them in memory, made uint8 pixels and whole numbers, and checked."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from .pictures import eight_bits

CHANNELS = (1, 3)


def pixels_of(name: str, given: object, dims: int) -> torch.Tensor:
    """uint8 [c, h, w] or, with ``dims`` 4, [n, c, h, w]. Raises TypeError, ValueError."""
    if isinstance(given, Image.Image):
        given = _levels(name, given)
    images = _tensor(given) if isinstance(given, torch.Tensor | np.ndarray) else None
    if images is None or images.dim() not in (dims - 1, dims):
        got = type(given).__name__ if images is None else f"the shape {list(images.shape)}"
        raise TypeError(f"{name}: got {got}, expected {'images' if dims == 4 else 'an image'} with 1 or 3 channels")
    if images.dim() == dims - 1:
        images = images.unsqueeze(-3)
    elif images.shape[-3] not in CHANNELS and images.shape[-1] in CHANNELS:
        images = images.movedim(-1, -3)
    if images.shape[-3] not in CHANNELS or 0 in images.shape[1:]:
        raise ValueError(f"{name}: got the shape {list(images.shape)}, expected 1 or 3 channels")
    if images.dtype == torch.uint8:
        return images.contiguous()
    if not images.is_floating_point():
        raise TypeError(f"{name}: got pixels of type {images.dtype}, expected uint8 or floats in [0, 1]")
    if images.numel() and not (images.amin() >= 0 and images.amax() <= 1):  # NaN, too
        raise ValueError(
            f"{name}: got pixels from {images.amin():.3g} to {images.amax():.3g}, expected uint8 or floats in [0, 1]; "
            "leave Normalize out of the data set's transform and pass mean= and std= instead"
        )
    return images.mul(255).round().to(torch.uint8).contiguous()


def labels_of(name: str, given: object) -> torch.Tensor:
    """int64: a scalar, [n], [h, w] or [n, h, w]. Raises TypeError."""
    try:
        labels = _tensor(np.asarray(given) if isinstance(given, Image.Image) else given)
    except (RuntimeError, TypeError, ValueError) as error:  # by what torch makes of strings, None, ragged lists
        raise TypeError(f"{name}: got the label {given!r}, expected whole numbers, the indices of classes") from error
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name}: got labels of type {labels.dtype}, expected whole numbers, the indices of classes")
    return labels.long()


def check(
    name: str, images: torch.Tensor, labels: torch.Tensor, classes: int | None, ignore: int | None, first: int = 0
) -> None:
    """Raise ValueError unless labels fit the images.

    Args:
        images: uint8 [n, c, h, w]; those with one class each are not looked at.
        labels: int64 [n], or masks [n, h, w].
        classes: how many there are; ``None``: the classes are not checked.
        ignore: in masks, the label of pixels that count nowhere; ``None``: the classes in masks are not checked.
        first: the number of the first image, for messages.
    """
    masks = labels.dim() == 3
    if not masks and labels.dim() != 1:
        raise ValueError(
            f"{name}: got labels of shape {list(labels.shape[1:])} for each image, expected one class, or a mask [h, w]"
        )
    if masks and labels.shape[1:] != images.shape[2:]:
        got, expected = (" x ".join(map(str, size)) for size in (labels.shape[1:], images.shape[2:]))
        raise ValueError(f"{name}: got a mask of {got} pixels for image {first}, expected {expected} as its image")
    if classes is None or (masks and ignore is None):
        return
    wrong = (labels < 0) | (labels >= classes)
    if masks:
        wrong &= labels != ignore
    if wrong.any():
        image, *pixel = wrong.nonzero()[0].tolist()
        beside = f", or {ignore} for pixels that count nowhere" if masks else ""
        raise ValueError(
            f"{name}: got the label {labels[(image, *pixel)].item()} of image {first + image}, expected 0 to "
            f"{classes - 1} for {classes} classes{beside}; labels count from 0"
        )


def _levels(name: str, picture: Image.Image) -> np.ndarray:
    """uint8 [h, w] or [h, w, 3]."""
    try:
        picture = eight_bits(picture)
    except ValueError as error:
        raise ValueError(f"{name}: got {error}") from error
    return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB"))


def _tensor(given: object) -> torch.Tensor:
    """Arrays that cannot be written to are copied: torch warns of them."""
    return torch.as_tensor(np.require(given, requirements=["C", "W"]) if isinstance(given, np.ndarray) else given)
