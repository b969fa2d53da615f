"""A network as a graph of operations, with access to their values for an image."""

from __future__ import annotations

import operator

import torch
from torch import fx, nn

from ..networks.batch_norms import fold, foldable
from ..networks.layout import with_channels_last
from ..networks.tracing import symbolic

# operator.iadd, of x += y: operator.add, and so on
_OUT_OF_PLACE = {
    getattr(operator, name): getattr(operator, name[1:])
    for name in dir(operator)
    if name.startswith("i") and hasattr(operator, name[1:])
}


class Traced:
    """The operations of a network in evaluation mode.

    Attributes:
        start: the node of the image.
        nodes: those whose values depend on the image, in order; the last one's are the logits.
        modules: the network's modules by name.
        folded: the network, batch norms folded into convolutions, channels last.
    """

    def __init__(self, traced: fx.GraphModule, folded: nn.Module):
        self.folded = with_channels_last(folded)
        self.modules = dict(traced.named_modules())
        self.start = next(iter(traced.graph.find_nodes(op="placeholder")))
        changing = {self.start: None}
        for node in traced.graph.nodes:
            if node.op != "output" and not changing.keys().isdisjoint(node.all_input_nodes):
                changing[node] = None
        self.nodes = list(changing)[1:]
        self._all = [node for node in traced.graph.nodes if node.op != "output"]
        (output,) = traced.graph.find_nodes(op="output")
        output.args = (self._all,)  # compiled as one function, it is faster than an fx.Interpreter
        traced.recompile()
        self._network = traced

    def values(self, image: torch.Tensor) -> dict[fx.Node, torch.Tensor]:
        """The output of every node for an image [channels, h, w]."""
        values = self._network(image[None].contiguous(memory_format=torch.channels_last))
        return dict(zip(self._all, values, strict=True))


def trace(network: nn.Module) -> Traced | None:
    """A copy of a network, batch norms folded into convolutions, whose operations leave their inputs as they are.

    ``None`` where it cannot be followed; a line in the log says why.
    """
    folded = fold(network, foldable(network))
    try:
        traced = symbolic(folded)
    except Exception:  # whatever the network's own code raises; foldable has logged it
        return None
    (output,) = traced.graph.find_nodes(op="output")
    if not isinstance(output.args[0], fx.Node) or not _out_of_place(traced):
        return None
    for node in traced.graph.nodes:
        if node.op == "call_module" and type(traced.get_submodule(node.target)) is nn.Identity:
            node.replace_all_uses_with(node.args[0])
            traced.graph.erase_node(node)
    return Traced(traced, folded)


def _out_of_place(network: fx.GraphModule) -> bool:
    """Let operations leave their inputs as they are; ``False`` if one does not."""
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    for node in network.graph.nodes:
        if node.op not in ("call_function", "call_method"):
            continue
        if "inplace" in node.kwargs:
            node.kwargs = {**node.kwargs, "inplace": False}
        node.target = _OUT_OF_PLACE.get(node.target, node.target)
        name = node.target if node.op == "call_method" else node.target.__name__
        in_place = name == "setitem" or name.endswith("_") and not name.endswith("__")
        if in_place or any(one is True for one in node.args):  # such as F.relu(x, True)
            return False
    return True
