"""Masks: which parameters a pruned network keeps."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from .layers import parameter_name, prunable


class Fold(NamedTuple):
    """What becomes of constants that a layer's pruned weights have multiplied.

    values: float [in], the constant of each input channel whose weights went because of it, 0 elsewhere.
    into: where their contribution goes: the name of the bias that is raised, or of each running mean that is
        lowered, and the first of its channels.
    """

    values: torch.Tensor
    into: tuple[tuple[str, int], ...]


class Masks(dict[str, torch.Tensor]):
    """Parameter name -> bool tensor of the parameter's shape, True where it is kept.

    ``prune`` makes an entry for the weight of every prunable layer, and for a bias or batch-norm parameter where some
    of its channels are gone. Parameters without an entry are kept whole. A plain dict also works, but only ``Masks``
    know the constants that ``apply`` has to fold.

    Attributes:
        folds: constants to fold, by the name of a layer's weight.
    """

    def __init__(self, *entries, folds: dict[str, Fold] | None = None):
        super().__init__(*entries)
        self.folds = folds or {}


class VanishedLayer(ValueError):
    """A layer would lose its last weight: the network cannot be pruned that far."""


def validate(network: nn.Module, masks: Masks) -> None:
    """Check that ``masks`` belong to ``network``; what has no entry is kept whole.

    Raises:
        ValueError: a name that may not have a mask; a wrong shape, type or device.
        VanishedLayer: a layer keeps no weight.
    """
    weights = {name: layer.weight for name, layer in prunable(network).items()}
    maskable = weights | _biases_and_norms(network)
    for name, mask in masks.items():
        if name not in maskable:
            raise ValueError(
                f"masks: got {name!r}, expected names of conv, fc and batch-norm parameters of this network, "
                f"such as {next(iter(weights))!r}; were the masks made for another network?"
            )
        parameter = maskable[name]
        if not isinstance(mask, torch.Tensor) or mask.dtype != torch.bool or mask.shape != parameter.shape:
            got = f"{mask.dtype} {list(mask.shape)}" if isinstance(mask, torch.Tensor) else type(mask).__name__
            raise ValueError(f"masks[{name!r}]: got {got}, expected torch.bool {list(parameter.shape)}, True = kept")
        if mask.device != parameter.device:
            raise ValueError(f"masks[{name!r}]: got device {mask.device}, expected {parameter.device}; use .to()")
    if layer := vanished(masks):
        raise VanishedLayer(f"masks[{layer!r}]: got no kept weight, expected at least one in every layer")


def vanished(masks: Masks) -> str | None:
    """The first conv or fc weight (by name) of which nothing is kept."""
    return next((name for name, mask in masks.items() if mask.dim() > 1 and not mask.any()), None)


def zero(network: nn.Module, masks: Masks) -> None:
    """Set the pruned parameters to exactly 0, in place; the masks are not checked."""
    parameters = [network.get_parameter(name) for name in masks]
    with torch.no_grad():
        torch._foreach_mul_(parameters, list(masks.values()))


def prune_ratio(network: nn.Module, masks: Masks) -> float:
    """The fraction of all parameters that is pruned, in [0, 1]: 1 - kept / all, as the paper counts.

    All parameters are conv and fc weights, biases, batch-norm weights and biases. The original counts values that are
    not 0, so that parameters which happen to be 0, such as fresh batch-norm biases, count as pruned there; here only
    what the masks prune does. Empty masks prune nothing.

    Raises:
        ValueError: masks that do not belong to the network.
    """
    if masks:
        validate(network, masks)
    everything = sum(parameter.numel() for parameter in network.parameters())
    return pruned_count(masks) / everything


def pruned_count(masks: Masks) -> int:
    """How many parameters the masks prune."""
    kept = sum(mask.sum() for mask in masks.values())
    return sum(mask.numel() for mask in masks.values()) - int(kept)


def _biases_and_norms(network: nn.Module) -> dict[str, nn.Parameter]:
    found = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.modules.batchnorm._BatchNorm):
            names = ("bias",) if isinstance(module, nn.Conv2d | nn.Linear) else ("weight", "bias")
            found |= {parameter_name(name, own): getattr(module, own) for own in names}
    return {name: parameter for name, parameter in found.items() if parameter is not None}
