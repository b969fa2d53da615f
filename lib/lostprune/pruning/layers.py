"""What is prunable in a network, and inputs that it takes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

METHODS = ("WT", "SiPP", "FT", "PFP")
"""The paper's methods (Table 1): weight thresholding, sensitivity-informed pruning, filter thresholding, provable
filter pruning. WT and SiPP prune single weights over the whole network, FT and PFP filters layer by layer."""

_PROJECTION = 11  # place of out_proj_weight among the arguments of F.multi_head_attention_forward
_SIZES = (8, 16, 32, 28, 64, 96, 224, 299)


def prunable(network: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Every convolution without groups and every fully connected layer, in the order of ``modules()``.

    Keys are names of weight parameters (``"layer1.0.conv1.weight"``). The first layer, 1x1 shortcuts and the
    classifier are among them, as in the paper. Of layers that share one weight only the first is listed.
    """
    found, seen = {}, set()
    for name, module in network.named_modules():
        is_prunable = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        if is_prunable and id(module.weight) not in seen:
            seen.add(id(module.weight))
            found[parameter_name(name, "weight")] = module
    return found


def parameter_name(module: str, parameter: str) -> str:
    """The name of a module's parameter as ``named_parameters()`` has it; the root's name is empty."""
    return f"{module}.{parameter}" if module else parameter


def along(vector: torch.Tensor, dim: int, weight: torch.Tensor) -> torch.Tensor:
    """A vector over filters (``dim`` 0) or input channels (``dim`` 1), shaped to broadcast with a layer's weight."""
    return vector.view([-1 if axis == dim else 1 for axis in range(weight.dim())])


def channels_last(inputs: torch.Tensor, layer: nn.Conv2d | nn.Linear) -> torch.Tensor:
    """A layer's inputs as [..., channels]."""
    return inputs if isinstance(layer, nn.Linear) else inputs.movedim(1, -1)


def watch_input(layer: nn.Module, see: Callable[[torch.Tensor], None]) -> RemovableHandle:
    """Call ``see`` with each input of a layer, before the layer runs; a single one as a batch of one."""
    rank = 4 if isinstance(layer, nn.Conv2d) else 2

    def watch(_: nn.Module, args: tuple, kwargs: dict) -> None:
        inputs = next(one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor))
        see(inputs[None] if inputs.dim() < rank else inputs)

    return layer.register_forward_pre_hook(watch, with_kwargs=True)


class WeightUses(TorchFunctionMode):
    """Within it, ``see`` gets the weight and the result of every 2-d convolution and product with a weight matrix,
    whether a layer or a function makes them."""

    def __init__(self, see: Callable[[torch.Tensor, torch.Tensor], None]):
        super().__init__()
        self._see = see

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204 (torch's signature)
        result = function(*args, **(kwargs or {}))
        if function in (F.conv2d, F.linear):
            self._see(args[1] if len(args) > 1 else kwargs["weight"], result)
        if function is F.multi_head_attention_forward:  # which multiplies its result with a layer's weight, inside
            self._see(args[_PROJECTION] if len(args) > _PROJECTION else kwargs["out_proj_weight"], result[0])
        return result


def batches(samples: torch.Tensor, size: int) -> list[torch.Tensor]:
    """Batches of so many samples; a last one of a single sample joins the one before, as not all networks take it."""
    parts = list(samples.split(size))
    if size > 1 and len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [samples[-size - 1 :]]
    return parts


def twin(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode, with hooks and buffers of its own, since a forward may write to these.

    It shares the parameters and costs nearly no memory.
    """
    known = {id(parameter): parameter for parameter in network.parameters()}
    known |= {id(buffer): buffer.detach().clone() for buffer in network.buffers()}
    return copy.deepcopy(network, known).eval()


def calls_plainly(layer: nn.Conv2d | nn.Linear) -> bool:
    """Whether a layer's forward is torch's own, so that its weight multiplies its input and nothing else happens."""
    return getattr(layer.forward, "__func__", None) in (nn.Conv2d.forward, nn.Linear.forward)


def example_input(network: nn.Module, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    """A random image that the network takes, [1, channels, height, width]: always the same one.

    If the network takes no single image, as one with batch norms of the batch's own statistics, there are two.

    Args:
        shape: (channels, height, width) of it; by default usual sizes are tried, the smallest first.

    Raises:
        ValueError: none of them fits.
    """
    first = next(iter(prunable(network).values()))
    channels = dict.fromkeys([*([first.in_channels] if isinstance(first, nn.Conv2d) else []), 3, 1])
    tried = [tuple(shape)] if shape else [(number, size, size) for number in channels for size in _SIZES]
    network = twin(network)
    generator, reason = torch.Generator().manual_seed(0), None
    for count, candidate in itertools.product((1, 2), tried):
        example = torch.randn(count, *candidate, generator=generator).to(first.weight)
        try:
            with torch.no_grad():
                network(example)
        except Exception as error:  # whatever the network's own code raises at a shape that does not fit
            reason = error
            continue
        return example
    raise ValueError(
        f"network: {type(network).__name__} takes none of the inputs {tried} (channels, height, width), expected one "
        f"to fit; pass samples of the size that it takes ({type(reason).__name__}: {reason})"
    ) from reason
