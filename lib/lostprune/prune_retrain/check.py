"""What is asked of a study's network before any work."""

from __future__ import annotations

import copy
import threading

import torch
from torch import nn

from .. import data, networks, pruning, tasks
from ..pruning import checks
from ..study import Study
from .beginning import beginning

# Tracing a network, as pruning and folding do, changes every module of the process for a moment: threads take turns.
ONE_THREAD = threading.RLock()


def check_network(study: Study) -> None:
    """Whether the study's network can be run at all; asked before any work.

    Raises:
        ValueError: it has no prunable layer, its weights are not finite, or it does not turn images of every shape that
            the data have into one logit for each class (and pixel, for segmentation); pruning cannot deal with it; the
            weights that it begins with, or is registered with, cannot be read or do not fit.
        OSError: weights that cannot be fetched.
        data.DataUnavailable, data.DamagedImage: the data set is not available, or damaged.
    """
    network = beginning(study).eval()
    if networks.weights_digest(study.network):
        networks.load_pretrained(network, study.network)
    checks.check_network(network)
    for shape in _image_shapes(study):
        pixels = shape[1:] if isinstance(study.task, tasks.Segmentation) else ()
        expected = [2, len(study.classes), *pixels]
        modes = {"evaluation": network}
        if study.retrain_recipe.epochs or not networks.weights_digest(study.network):
            modes["training"] = copy.deepcopy(network).train()
        for mode, seen in modes.items():
            got = _logits_shape(seen, shape)
            if got != expected:
                raise ValueError(
                    f"network {study.network!r} in {mode} mode: got {got} for two images of shape {list(shape)}, "
                    f"expected logits of shape {expected}; take num_classes, and check what forward returns"
                )
    with ONE_THREAD:
        pruning.check(network, study.image_shape, study.methods)


@torch.no_grad()
def _logits_shape(network: nn.Module, shape: tuple[int, ...]) -> list[int] | str:
    """The shape of what the network says of two images, or why it says nothing."""
    try:
        with torch.random.fork_rng(devices=[]):  # dropout draws
            return list(tasks.logits(network(torch.zeros(2, *shape))).shape)
    except Exception as error:  # whatever the network's own code raises
        return f"{type(error).__name__}: {error}"


def _image_shapes(study: Study) -> list[tuple[int, ...]]:
    """Of all images that the network will see; registered images that fit into memory keep their own shape."""
    registered = [split.images for split in data.DATASETS[study.dataset].registered.values()]
    own = [tuple(images.shape[1:]) for images in registered if isinstance(images, torch.Tensor)]
    return list(dict.fromkeys([study.image_shape, *own]))
