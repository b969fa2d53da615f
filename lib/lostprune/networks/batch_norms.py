"""Batch norms in evaluation mode, folded into the convolutions before them: the same function in fewer steps."""

from __future__ import annotations

import copy
import logging
from collections import Counter

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..foundations.reasons import first_line
from .tracing import symbolic

log = logging.getLogger("lostprune")


def foldable(network: nn.Module) -> list[tuple[str, str]]:
    """Names of the convolutions whose output goes into a batch norm and nowhere else, with that batch norm's.

    None, and one line in the log, for a network whose forward pass cannot be followed without data.
    """
    try:
        nodes = symbolic(network).graph.nodes
    except Exception as reason:  # whatever the network's own code raises
        told = "%s is evaluated layer by layer, as it is: %s"
        log.warning(told, type(network).__name__, first_line(reason))
        return []
    modules = dict(network.named_modules())
    direct = {node.target.rpartition(".")[0] for node in nodes if node.op == "get_attr"}  # whose weights forward reads
    calls = Counter(node.target for node in nodes if node.op == "call_module")
    taken = Counter(id(tensor) for _, tensor in network.named_parameters(remove_duplicate=False))
    pairs = []
    for norm in nodes:
        before = norm.args[0] if norm.op == "call_module" and norm.args else None
        if getattr(before, "op", None) != "call_module" or calls[norm.target] > 1 or calls[before.target] > 1:
            continue
        kinds = type(modules[before.target]), type(modules[norm.target])
        if kinds != (nn.Conv2d, nn.BatchNorm2d) or len(before.users) > 1 or direct & {before.target, norm.target}:
            continue
        if modules[norm.target].running_mean is not None and taken[id(modules[before.target].weight)] == 1:
            pairs.append((before.target, norm.target))
    return pairs


def fold(network: nn.Module, pairs: list[tuple[str, str]]) -> nn.Module:
    """A copy in evaluation mode whose convolutions do what the batch norms after them did; see :func:`foldable`."""
    network = copy.deepcopy(network).eval()
    for convolution, norm in pairs:
        fused = fuse_conv_bn_eval(network.get_submodule(convolution), network.get_submodule(norm))
        network.set_submodule(convolution, fused)
        network.set_submodule(norm, nn.Identity())
    return network.requires_grad_(False)
