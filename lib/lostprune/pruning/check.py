"""A rehearsal before any training: can a network be pruned and shrunk?"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import torch
from torch import nn

from .checks import check_network
from .layers import METHODS
from .masks import Masks, VanishedLayer
from .prune import attempt
from .shrinking import UnsupportedOperation, shrink

log = logging.getLogger("lostprune")
_KEEP_RATIO = 0.8
_SAMPLES = 4


def check(network: nn.Module, input_shape: tuple[int, int, int], methods: Iterable[str] = METHODS) -> None:
    """Prune a network with each method and shrink it once, to find out before any training what cannot be done.

    A network that can be pruned but not shrunk is fine; a line in the log says why.

    Args:
        network: not modified; its weights may be random.
        input_shape: (channels, height, width) of one input.
        methods: names of registered methods.

    Raises:
        ValueError: what the network does or has that pruning cannot deal with (``prune``).
    """
    check_network(network)
    samples = torch.randn(_SAMPLES, *input_shape, generator=torch.Generator().manual_seed(0))
    masks = Masks()
    for method in methods:
        try:
            masks, _ = attempt(network, method, _KEEP_RATIO, samples)
        except VanishedLayer:  # a question of the ratio, and of weights that training has yet to make
            continue
    try:
        shrink(network, masks, input_shape)
    except UnsupportedOperation as reason:
        log.warning("%s cannot be shrunk, so the real savings will not be known: %s", type(network).__name__, reason)
