"""What of a masked network can still matter: which channels vary with the input, and which reach the output.

A part counts as dead only if removing it provably changes nothing. One run of the network shows which operations the
data pass (``flow``); masks then say which channels can be other than 0 and which can reach the output. An operation
that is not known passes everything on, and what is not followed lives.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import nn

from .computed import check_zeros_stay
from .flow import Combine, Concatenate, Layer, Norm, Through, record
from .layers import calls_plainly, example_input, prunable, twin, watch_input
from .masks import Masks
from .readers import norms, readers


class Connectivity:
    """The structure of one network, to be asked with different masks.

    Args:
        network: not modified.
        shape: (channels, height, width) of one input; by default one that the network takes is looked for.

    Attributes:
        example: one input, [1, channels, height, width].
        followed: names of the weights of layers that are fully understood: the forward is torch's own, and nothing else
            reads the weight.
        watched: those of them whose layer sees every input that the weight multiplies.
        readers: for a layer (by its weight's name) the batch norms that read its output, if nothing else does. What
            is constant in that output can be folded into them.
        classifiers: names of the weights of layers whose filters are the network's outputs.
        trusted: whether dead parts are looked for at all; not if the forward may take another way for other inputs.

    Raises:
        ValueError: no input fits; a weight that loses its zeros before it is used.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, ...] | None = None):
        self.example = example_input(network, shape)
        copy = twin(network)
        self._layers, self._norms = prunable(copy), norms(copy)
        called = Counter()
        hooks = [watch_input(layer, lambda _, name=name: called.update([name])) for name, layer in self._layers.items()]
        self._flow = record(copy, self.example)
        for hook in hooks:
            hook.remove()
        self._uses = [step for step in self._flow.steps if isinstance(step, Layer) and step.weight in self._layers]
        names = [step.weight for step in self._uses]
        if computed := [name for name in self._layers if name in self._flow.opaque and name not in names]:
            check_zeros_stay(copy, computed, self.example)
        self.followed = {
            name
            for name, layer in self._layers.items()
            if name in names and name not in self._flow.opaque and calls_plainly(layer)
        }
        # A weight that other modules or functions use, too, has inputs that its layer does not see.
        self.watched = {name for name in self.followed if names.count(name) == called[name]}
        self._once = {name for name in self.watched if names.count(name) == 1}
        biases = Counter(step.bias for step in self._flow.steps if isinstance(step, Layer | Norm))
        self._own_bias = {
            step.weight
            for step in self._uses
            if step.bias == step.weight.removesuffix("weight") + "bias"
            and biases[step.bias] == 1
            and step.bias not in self._flow.opaque
        }
        self.readers = readers(self._flow)
        self.classifiers = self._classifiers()
        self.trusted = not self._flow.doubtful

    def foldable(self, name: str) -> bool:
        """Whether a constant input of a layer (by its weight's name) can be folded into what follows."""
        where = self.readers if self._layers[name].bias is None else self._own_bias
        return name in self._once and name in where

    def without_constants(self, masks: Masks) -> Masks:
        """``masks`` without weights whose input channel has one value for every input, where that is ``foldable``."""
        if not self.trusted:
            return Masks(masks)
        varying = self._varying(masks, True)
        return Masks(masks | {name: _within(masks[name], where[None]) for name, where in varying.items()})

    def even(self, masks: Masks) -> dict[str, torch.Tensor]:
        """bool [in] per ``foldable`` layer: input channels that are the same at all positions if they are constant.

        Channels with added coordinates or position embeddings, for example, are not. What padding does at the borders
        does not count.
        """
        if not self.trusted:
            return {}
        varying = self._varying(masks, False)
        return {name: torch.from_numpy(~where).to(self.example.device) for name, where in varying.items()}

    def _varying(self, masks: Masks, input_varies: bool) -> dict[str, np.ndarray]:
        self._flow.forward(_kept(masks), input_varies)
        return {step.weight: step.varies for step in self._uses if self.foldable(step.weight)}

    def live(self, masks: Masks) -> Masks:
        """``masks`` without the parameters that cannot influence the output any more.

        A weight of a layer or batch norm is kept where its input channel can be other than zero and its output
        channel reaches the output; a bias where it reaches it. So nothing is left of a channel that is gone. Where a
        batch norm's weight goes, its bias takes over what it made of 0 (``apply``).
        """
        if not self.trusted:
            return Masks(masks)
        kept = _kept(masks)
        self._flow.forward(kept)
        self._flow.backward(kept)
        alive: dict[str, np.ndarray] = {}

        def join(name: str | None, where: np.ndarray) -> None:
            if name is not None and name not in self._flow.opaque:
                alive[name] = alive.get(name, False) | where

        for step in self._uses:
            join(step.weight, step.result.reaching[:, None] & step.nonzero)
            join(step.bias, step.result.reaching)
        for step in self._flow.steps:
            if isinstance(step, Norm) and self._is_module(step):
                keeps = step.nonzero if self._norms[step.weight].bias is not None else True  # its bias takes over
                join(step.weight, step.result.reaching & keeps)
                join(step.bias, step.result.reaching)
        live = Masks(masks)
        for name, where in alive.items():
            if name in masks:
                live[name] = _within(masks[name], where)
            elif not where.all():
                live[name] = torch.from_numpy(where).to(self.example.device)
        return live

    def _is_module(self, step: Norm) -> bool:
        """Whether it is one of the network's batch norms as ``apply`` takes it, in evaluation mode."""
        norm = self._norms.get(step.weight)
        mean = (
            None if norm is None or norm.running_mean is None else step.weight.removesuffix("weight") + "running_mean"
        )
        return norm is not None and step.running_mean == mean and step.running == (mean is not None)

    def _classifiers(self) -> set[str]:
        """What the network returns comes, channel by channel, from these; or at least from the layer used last."""
        last = [name for name in self._flow.used if name in self._layers][-1:]
        returned = set(self._flow.outputs)
        for step in reversed(self._flow.steps):
            if isinstance(step, Norm | Through | Combine | Concatenate) and step.result in returned:
                returned |= set(step.sources)
        return {step.weight for step in self._uses if step.result in returned} | set(last)


def _kept(masks: Masks) -> dict[str, np.ndarray]:
    """Whether anything is kept between two channels, at every position of the kernel: the image may be too small to
    meet all of them."""
    return {name: (mask.flatten(2).any(2) if mask.dim() > 2 else mask).cpu().numpy() for name, mask in masks.items()}


def _within(mask: torch.Tensor, where: np.ndarray) -> torch.Tensor:
    """What of a mask lies where a bool array, over its first dimensions, says."""
    if where.all():
        return mask
    where = torch.from_numpy(np.ascontiguousarray(where)).to(mask.device)
    return mask & where.view(*where.shape, *[1] * (mask.dim() - where.dim()))
