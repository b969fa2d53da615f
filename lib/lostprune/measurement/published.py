"""Corrupted images as they were published, where they lie in the data folder: CIFAR-10-C and ImageNet-C."""

from __future__ import annotations

import dataclasses

import torch

from .. import corruptions, data
from ..study import Study
from . import reading

IMAGENET_C_SIZE = 224  # of its images; networks of another size are tested on generated ones


def source(study: Study, corruption: str, severity: int) -> str | None:
    """What a corruption's images were published as, such as ``"CIFAR-10-C"``; ``None`` if they do not lie there.

    Raises:
        data.DataUnavailable: they lie there, damaged or incomplete.
    """
    if study.dataset == "cifar10" and corruptions.published_corruption(corruption, severity, 0) is not None:
        return "CIFAR-10-C"
    return "ImageNet-C" if _imagenet_c(study, corruption, severity) is not None else None


def read(study: Study, corruption: str, severity: int, places: torch.Tensor) -> reading.Read:
    """Reads those of the published images that stand at ``places`` of the test set."""
    if study.dataset == "cifar10":

        def of_archive(first: int, count: int) -> torch.Tensor:
            return corruptions.published_corruption(corruption, severity)[places[first : first + count]]

        return of_archive
    images = _imagenet_c(study, corruption, severity)
    split = data.choose(data.Split(images, torch.zeros(len(images)), study.classes), places)
    whole = dataclasses.replace(data.DATASETS[study.dataset], centre=None)  # they were cropped before
    return reading.images_of(split, whole, study.image_shape[1])


def _imagenet_c(study: Study, corruption: str, severity: int) -> data.Pictures | None:
    if study.dataset != "imagenet" or study.image_shape[1] != IMAGENET_C_SIZE:
        return None
    return corruptions.published_imagenet_c(corruption, severity, study.classes)
