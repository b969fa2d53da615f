"""What is prunable in a network, and the checks of what callers pass in."""

from __future__ import annotations

import copy

import torch
from torch import nn

METHODS = ("WT", "SiPP", "FT", "PFP")
"""The paper's methods (Table 1): weight thresholding, sensitivity-informed pruning, filter thresholding, provable
filter pruning. WT and SiPP prune single weights over the whole network, FT and PFP filters layer by layer."""

NEEDS_SAMPLES = ("SiPP", "PFP")
FILTER_METHODS = ("FT", "PFP")
_SMALL_SIZES = (8, 16)
_SIZES = (*_SMALL_SIZES, 32, 28, 64, 96, 224, 299)


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


def channels_with(condition: torch.Tensor, module: nn.Module) -> torch.Tensor:
    """bool [channels]: where ``condition`` (bool, shaped like a module's input or output) holds anywhere."""
    if not isinstance(module, nn.Linear):
        condition = condition.movedim(1, -1)
    return condition.flatten(0, -2).any(0)


def twin(network: nn.Module) -> nn.Module:
    """A copy with hooks of its own, in evaluation mode, that shares parameters and buffers: it costs no memory."""
    shared = {id(tensor): tensor for tensors in (network.parameters(), network.buffers()) for tensor in tensors}
    return copy.deepcopy(network, shared).eval()


def check_network(network: nn.Module) -> None:
    if not prunable(network):
        raise ValueError(
            f"network: got {type(network).__name__} without prunable layer, expected at least one "
            "nn.Conv2d with groups=1 or nn.Linear; other layers are never pruned"
        )
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            raise ValueError(
                f"network: parameter {name!r} has values that are not finite; "
                "its training diverged, go back to an earlier checkpoint"
            )


def check_samples(network: nn.Module, method: str, samples: torch.Tensor | None) -> None:
    if samples is None:
        if method in NEEDS_SAMPLES:
            raise ValueError(
                f"samples: got None, but {method} computes its sensitivities from samples; "
                "pass normalised network inputs, float32 [n, 3, h, w], from the validation part"
            )
        return
    first = next(iter(prunable(network).values()))
    channels = first.in_channels if isinstance(first, nn.Conv2d) else "c"
    expected = f"expected a tensor of normalised network inputs, float32 [n, {channels}, h, w] with n >= 1"
    if not isinstance(samples, torch.Tensor):
        raise TypeError(f"samples: got {type(samples).__name__}, {expected}")
    got = f"got {str(samples.dtype).removeprefix('torch.')} {list(samples.shape)}"
    if samples.dtype != torch.float32 or samples.dim() != 4 or 0 in samples.shape:
        raise ValueError(f"samples: {got}, {expected}; see lostprune.data.normalize")
    if isinstance(first, nn.Conv2d) and samples.shape[1] != channels:
        raise ValueError(f"samples: {got}, {expected}, because the network's first convolution takes {channels}")
    if not torch.isfinite(samples).all():
        raise ValueError(f"samples: {got} with values that are not finite, {expected}")


def example_input(network: nn.Module, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    """The smallest image of ones that the network takes, [1, channels, height, width].

    Small square ones are tried first, because they cost least, then ``shape`` (channels, height, width) or else
    usual ones.

    Raises:
        ValueError: none of them fits.
    """
    first = next(iter(prunable(network).values()))
    channels = shape[:1] if shape else (first.in_channels,) if isinstance(first, nn.Conv2d) else (3, 1)
    tried = [(count, size, size) for count in channels for size in (_SMALL_SIZES if shape else _SIZES)]
    tried += [shape] if shape else []
    network = twin(network)
    for candidate in tried:
        example = torch.ones(1, *candidate, device=first.weight.device, dtype=first.weight.dtype)
        try:
            with torch.no_grad():
                network(example)
        except RuntimeError:  # a shape does not fit somewhere inside
            continue
        return example
    raise ValueError(
        f"network: {type(network).__name__} takes none of the inputs {tried} (channels, height, width), expected one "
        "to fit; pass samples of the size that it takes"
    )
