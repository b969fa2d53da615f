"""A network's logits for an image with one more pixel masked, computed from what masking that pixel changes.

Instead of the feature maps of every masked image, only their differences from the image's own maps are computed. These
are 0 outside a small window: 3x3 outputs of a first 3x3 convolution, 5x5 of the second, and so on. They also stay
accurate in a type with few digits, because rounding is relative to the difference and not to the map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import fx

from .forwards import ROUNDING
from .operations import Maps, Rule, Values, local
from .tracing import Traced
from .windows import Window, moved, whole

# How large the error of logits may be, as a share of the Euclidean norm of their change. The largest of 7,000 was half
# of that with bfloat16, which rounds by up to 2**-9; float32 rounds by up to 2**-24.
ERROR = {torch.bfloat16: 0.05, torch.float32: 2e-5}


class Step(NamedTuple):
    """How the value of a node is computed from others: differences in windows at first, whole maps later."""

    node: fx.Node
    rule: Rule
    unused: set[fx.Node]  # values that no later step needs


class Differences:
    """Computes the logits of an image without each of many pixels, close enough to rule most pixels out.

    Args:
        dtype: type of the differences.
    """

    def __init__(self, network: Traced, dtype: torch.dtype):
        self._network, self.dtype = network, dtype
        self._operations = {node: local(node, network.modules, dtype) for node in network.nodes}
        self._unused, needed = {}, {network.nodes[-1]}
        for node in reversed(network.nodes):
            inputs = {network.start, *network.nodes} & set(node.all_input_nodes)
            self._unused[node] = inputs - needed
            needed |= inputs
        self._plans: dict[Window, list[Step]] = {}

    def show(self, image: torch.Tensor, fill: torch.Tensor) -> None:
        """Set the image [channels, h, w], and the values of its pixels once they are masked, of the same shape."""
        self._image, self._change = image, (fill - image).flatten(1)
        self.values = self._network.values(image)
        self._thresholds: dict[fx.Node, tuple[torch.Tensor, torch.Tensor]] = {}

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor, window: Window) -> torch.Tensor:
        """Logits, float32 [n, classes], without each of the pixels, int64 [n]; all pixels lie in the window."""
        if window not in self._plans:
            self._plans[window] = self._plan(window)
        values = {self._network.start: self._masked(pixels, window)}
        for node, rule, unused in self._plans[window]:
            values[node] = rule(values, self)
            for one in unused:
                del values[one]
        return values[node]

    def error(self, logits: torch.Tensor) -> torch.Tensor:
        """How large the error of logits [n, classes] may be, as a norm over the classes: [n]."""
        change = (logits - self.values[self._network.nodes[-1]]).norm(dim=1)
        return ERROR[self.dtype] * change + ROUNDING * logits.abs().amax(1)

    def thresholds(self, node: fx.Node) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``operations.Maps``."""
        if node not in self._thresholds:
            values = self.values[node]
            self._thresholds[node] = (-values).to(self.dtype), values.clamp(max=0).to(self.dtype)
        return self._thresholds[node]

    def _masked(self, pixels: torch.Tensor, window: Window) -> torch.Tensor:
        """The change of the image in the window: [n, channels, h, w]."""
        width, (rows, columns) = self._image.shape[2], window
        change = self._change[:, pixels].T
        masked = change.new_zeros(len(pixels), rows.end - rows.first, columns.end - columns.first, change.shape[1])
        number = torch.arange(len(pixels), device=pixels.device)
        masked[number, pixels // width - rows.first, pixels % width - columns.first] = change
        return masked.permute(0, 3, 1, 2).to(self.dtype)

    def _plan(self, window: Window) -> list[Step]:
        """The steps for pixels that lie in a window."""
        windows, steps = {self._network.start: window}, []
        for node, operation in self._operations.items():
            sources = {one: windows[one] for one in node.all_input_nodes if one in windows}
            shapes = {self.values[one].shape[2:] for one in sources}
            if operation is not None and len(sources) == len(node.all_input_nodes) and len(shapes) == 1:
                joined, *others = sources.values()
                for other in others:
                    joined = joined.joined(other)
                windows[node] = joined.after(*operation.reads, self.values[node].shape[2:])
                rule = operation.rule(node, sources, windows[node])
            else:
                rule = _on_maps(node, sources, self._network)
            steps.append(Step(node, rule, self._unused[node]))
        return steps


def _on_maps(node: fx.Node, sources: dict[fx.Node, Window], network: Traced) -> Rule:
    """An operation applied as it is: differences in windows are added to whole maps first."""
    call: Callable = network.modules[node.target] if node.op == "call_module" else node.target
    if node.op == "call_method":
        call = lambda tensor, *args, **kwargs: getattr(tensor, node.target)(*args, **kwargs)  # noqa: E731

    def rule(values: Values, maps: Maps) -> torch.Tensor:
        def value(one: fx.Node) -> object:
            if one not in sources:
                return values.get(one, maps.values[one])
            return maps.values[one] + moved(values[one], sources[one], whole(maps.values[one].shape[2:]))

        args, kwargs = fx.map_arg((node.args, node.kwargs), value)
        return call(*args, **kwargs)

    return rule
