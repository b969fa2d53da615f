"""The scores of a method that a user registered: computed on a copy, and looked at before anything is pruned."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import nn

from .layers import prunable
from .paper import full_precision, rank_by_magnitude
from .registry import Method


def scores_of_own(network: nn.Module, method: Method, samples: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """What the function of a registered method returns for a network, as the ladders need it.

    Scores are 0 where the network's weights are. Layers of which nothing is known are ranked by magnitude.

    Raises:
        TypeError: it does not return a dict of tensors.
        ValueError: it ends with an error; a layer is missing or unknown; a shape or a device is wrong; values are
            negative or not finite.
    """
    where = f"method {method.name!r}, function {getattr(method.function, '__name__', method.function)!r}"
    try:
        found = _called(network, method, samples)
    except Exception as error:  # code of the user's own may raise anything
        raise ValueError(f"{where}: ended with {type(error).__name__}: {error}") from error
    weights = {name: layer.weight.detach() for name, layer in prunable(network).items()}
    if not isinstance(found, Mapping):
        raise TypeError(
            f"{where}: got a {type(found).__name__}, expected a dict of scores by names such as {_any(weights)}"
        )
    if missing := [name for name in weights if name not in found]:
        raise ValueError(
            f"{where}: got no scores for {', '.join(map(repr, missing))}, expected some for every prunable layer; "
            "lostprune.pruning.prunable(network) lists them"
        )
    if unknown := [name for name in found if name not in weights]:
        raise ValueError(
            f"{where}: got scores for {unknown[0]!r}, expected names of weights of prunable layers, such as "
            f"{_any(weights)}; lostprune.pruning.prunable(network) lists them"
        )
    scores = {
        name: _checked(f"{where}: scores[{name!r}]", method, weight, found[name]) for name, weight in weights.items()
    }
    if method.needs_samples:
        rank_by_magnitude(weights, scores, method.dim)
    return scores


def _called(network: nn.Module, method: Method, samples: torch.Tensor | None) -> object:
    """On a copy, since gradients stay in what they are computed for; with random numbers that repeat."""
    network = copy.deepcopy(network).eval().requires_grad_(True)
    network.zero_grad()
    device = next(network.parameters()).device
    on_cuda = device.type == "cuda"
    samples = None if samples is None else samples.detach().clone().to(next(network.parameters()))
    with full_precision(), torch.enable_grad(), torch.random.fork_rng(devices=[device] if on_cuda else []):
        torch.default_generator.manual_seed(0)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(0)
        return method.function(network, samples)


def _checked(what: str, method: Method, weight: torch.Tensor, values: object) -> torch.Tensor:
    shape = method.shape(weight)
    per = f"one for each {'weight' if method.dim is None else ('filter', 'input channel')[method.dim]}"
    if not isinstance(values, torch.Tensor):
        raise TypeError(f"{what}: got a {type(values).__name__}, expected a tensor {list(shape)}, {per}")
    if values.shape != shape or values.device != weight.device:
        raise ValueError(
            f"{what}: got {list(values.shape)} on {values.device}, expected {list(shape)} on {weight.device}, {per}"
        )
    values = values.detach().to(weight.dtype)
    if not torch.isfinite(values).all():
        count = int((~torch.isfinite(values)).sum())
        raise ValueError(
            f"{what}: got {count} of {values.numel()} values that are NaN or infinite, expected numbers; a division by "
            "0 or the gradient of a loss that is not finite makes such"
        )
    if (values < 0).any():
        raise ValueError(
            f"{what}: got {values.min():.3g} as the smallest value, expected none below 0: what matters least has the "
            "smallest score; return magnitudes, such as scores.abs()"
        )
    alive = weight != 0 if method.dim is None else (weight != 0).transpose(0, method.dim).flatten(1).any(1)
    return values.masked_fill(~alive, 0.0).contiguous()


def _any(weights: dict[str, torch.Tensor]) -> str:
    return repr(next(iter(weights)))
