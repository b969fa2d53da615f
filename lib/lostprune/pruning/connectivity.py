"""What of a masked network can still matter: which channels vary with the input, and which reach the output.

Both are questions about structure, so one image answers them: a copy of the network whose parameters are 1 where they
are kept and 0 where they are pruned is fed with ones, and every layer's output is cut to 0 or 1. What is positive then
is connected. This holds for networks of convolutions, batch norms, fully connected layers, activations that leave 0
at 0 and positive positive, pooling, sums, products and concatenations; not for one that subtracts.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.instancenorm import _InstanceNorm

from .layers import along, channels_with, example_input, prunable, twin
from .masks import Masks
from .readers import norms, readers

_MIXING_NORMS = (nn.GroupNorm, nn.LayerNorm, _InstanceNorm)


class _Cut(torch.autograd.Function):
    """0 or 1, forward and backward, so that neither grows or fades with depth."""

    @staticmethod
    def forward(context, values: torch.Tensor) -> torch.Tensor:
        return (values > 0).to(values.dtype)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> torch.Tensor:
        return (gradient > 0).to(gradient.dtype)


class Connectivity:
    """The structure of one network, to be asked with different masks.

    Args:
        network: not modified.
        shape: (channels, height, width) of one input; by default one that the network takes is looked for.

    Attributes:
        example: one input, [1, channels, height, width].
        readers: for a layer (by its weight's name) the batch norms that read its output, if nothing else does. What
            is constant in that output can be folded into them.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, ...] | None = None):
        self.example = example_input(network, shape)
        self.readers = readers(network, self.example)
        self._probe = twin(network)  # it runs with other values, never with its own
        self._layers = prunable(self._probe)
        self._norms = norms(self._probe)
        self._positive_in: dict[str, torch.Tensor] = {}
        self._reaching: dict[str, torch.Tensor] = {}
        for module in self._probe.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.register_forward_hook(lambda _, inputs, output: _Cut.apply(output))
            elif isinstance(module, _MIXING_NORMS):  # behind them nothing is constant
                module.register_forward_hook(lambda _, inputs, output: inputs[0] + 1)
        for name, module in (self._layers | self._norms).items():
            self._watch(name, module)

    def foldable(self, name: str) -> bool:
        """Whether a constant input of a layer (by its weight's name) can be folded into what follows."""
        return self._layers[name].bias is not None or name in self.readers

    def live(self, masks: Masks, drop_constants: bool) -> Masks:
        """``masks`` without the parameters that cannot influence the output any more.

        A weight of a layer or batch norm is kept where its input channel can be other than zero and its output
        channel reaches the output; a bias where it reaches it. So nothing is left of a channel that is gone. With
        ``drop_constants`` an input channel that has one value for every input, by the biases before it, counts as
        zero, too, where it is ``foldable``: into the layer's own bias or the batch norms that alone read its output.
        """
        kept = dict(masks)
        links = {name: _between_channels(mask) for name, mask in masks.items()}
        if drop_constants:
            self._run(links, biases=False)  # what is positive now varies with the input
            for name, varying in self._positive_in.items():
                if name in self._layers and self.foldable(name):
                    links[name] = links[name] & along(varying, 1, links[name])
        self._run(links, biases=True)
        for name, module in (self._layers | self._norms).items():
            if name not in self._reaching:  # it is not used, or nothing reads it
                continue
            reaching, positive_in = self._reaching[name], self._positive_in[name]
            if name in self._layers:
                link = links[name] & along(reaching, 0, links[name]) & along(positive_in, 1, links[name])
                kept[name] = masks[name] & link
            elif module.weight is not None:
                kept[name] = masks.get(name, True) & reaching & positive_in
            if module.bias is not None:
                bias = name.removesuffix("weight") + "bias"
                kept[bias] = masks.get(bias, True) & reaching
        return Masks({name: mask for name, mask in kept.items() if name in self._layers or not mask.all()})

    def _watch(self, name: str, module: nn.Module) -> None:
        def seen(into: dict, values: torch.Tensor) -> None:
            into[name] = into.get(name, False) | channels_with(values > 0, module)

        def forward(_: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            seen(self._positive_in, inputs[0])
            if output.requires_grad:
                output.register_hook(lambda gradient: seen(self._reaching, gradient))

        module.register_forward_hook(forward)

    def _run(self, links: dict[str, torch.Tensor], biases: bool) -> None:
        """One image forward and, with biases, backward."""
        self._positive_in.clear()
        self._reaching.clear()
        with torch.inference_mode(False), torch.set_grad_enabled(biases):  # whatever the caller is in
            values = {}
            for name, parameter in self._probe.named_parameters():
                if name.endswith("bias") and not biases:
                    values[name] = torch.zeros_like(parameter, requires_grad=False)
                elif name in links:  # one value for all positions of a kernel is stored once
                    values[name] = links[name].to(parameter.dtype).expand_as(parameter)
                else:
                    values[name] = torch.ones_like(parameter, requires_grad=False)
            for name, norm in self._norms.items():
                if norm.running_mean is not None:
                    values[name.removesuffix("weight") + "running_mean"] = torch.zeros_like(norm.running_mean)
                    values[name.removesuffix("weight") + "running_var"] = torch.ones_like(norm.running_var)
            output = torch.func.functional_call(self._probe, values, (self.example.clone().requires_grad_(biases),))
            if biases:
                output.sum().backward()


def _between_channels(mask: torch.Tensor) -> torch.Tensor:
    """Whether anything is kept between two channels, at every position of the kernel: the image may be too small to
    meet all of them."""
    return mask.flatten(2).any(2)[:, :, None, None] if mask.dim() == 4 else mask
