"""What is asked of a study's network before any work."""

from __future__ import annotations

import torch

from .. import data, networks
from ..pruning import layers
from ..study import Study
from .checkpoints import untrained


def check_network(study: Study) -> None:
    """Whether the study's network can be run at all; asked before any work.

    Raises:
        ValueError: it has no prunable layer, its weights are not finite, or it does not turn images into one logit
            for each class; the weights it is registered with cannot be read or do not fit.
    """
    network, dataset = untrained(study).eval(), data.DATASETS[study.dataset]
    if networks.weights_digest(study.network):
        networks.load_pretrained(network, study.network)
    layers.check_network(network)
    expected = [2, len(dataset.classes)]
    try:
        with torch.no_grad():
            got = list(network(torch.zeros(2, *dataset.image_shape)).shape)
    except RuntimeError as error:
        got = f"{type(error).__name__}: {error}"
    if got != expected:
        raise ValueError(
            f"network {study.network!r}: got {got} for two images of shape {list(dataset.image_shape)}, "
            f"expected logits of shape {expected}; take num_classes, and check what forward returns"
        )
