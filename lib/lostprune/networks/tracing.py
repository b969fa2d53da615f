"""A network's forward pass as a graph."""

from __future__ import annotations

import inspect

from torch import fx, nn


def symbolic(network: nn.Module) -> fx.GraphModule:
    """The graph of a forward pass that gets images alone; parameters with a default keep it.

    Raises:
        Exception: whatever the network's own code raises for what is not a tensor.
    """
    _, *further = inspect.signature(network.forward).parameters.values()
    unknown = (inspect.Parameter.empty, tuple, list, dict)  # torch would take containers apart
    defaults = {
        one.name: one.default
        for one in further
        if one.default is not one.empty and not isinstance(one.default, unknown[1:])
    }
    return fx.symbolic_trace(network, concrete_args=defaults or None)
