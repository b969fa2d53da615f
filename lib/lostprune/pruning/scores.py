"""How much each weight, filter or input channel matters: the sensitivities of Table 1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from ..foundations.choices import choose
from .checks import check_network, check_samples
from .layers import METHODS, prunable, twin, watch_input
from .shares import ChannelShares, Shares, WeightShares

_BATCH = 16  # images at a time, of up to 224 x 224 pixels; of larger ones fewer


class Scores(dict[str, torch.Tensor]):
    """A method's sensitivities, by the name of a layer's weight parameter.

    Attributes:
        method: the method that made them, one of ``METHODS``.
    """

    def __init__(self, method: str, entries: dict[str, torch.Tensor]):
        super().__init__(entries)
        self.method = method


def scores(network: nn.Module, method: str, samples: torch.Tensor | None = None) -> Scores:
    """A method's sensitivities of every prunable layer (Table 1 of the paper), by the name of its weight parameter.

    - ``"WT"``: magnitude of each weight; shaped like the weight.
    - ``"FT"``: l1 norm of each filter; ``[out]``.
    - ``"SiPP"``: share of each weight in its neuron, ``W a / sum(W a)``, positive and negative weights apart, averaged
      over patches, largest over the samples; in [0, 1], shaped like the weight (Baykal et al., 2019b).
    - ``"PFP"``: the largest such share that an input channel has in any filter, patch, kernel position and sample; in
      [0, 1], ``[in]`` (Liebenwein et al., 2020).

    Layers that no sample reaches get sensitivities like those of the others, in the order of their magnitudes.

    ``select`` and ``prune`` compute them on their own. To prune one network to several ratios, compute them once and
    pass them on: ``prune(network, method, keep_ratio, samples, scores=scores(network, method, samples))``.

    Args:
        network: not modified; its layers are evaluated as in ``eval()``.
        method: one of ``METHODS``.
        samples: normalised network inputs, float32 [n, c, h, w]; SiPP and PFP need them (``sample_size`` says how
            many the paper takes), WT and FT ignore them.

    Raises:
        ValueError: unknown method; no prunable layer; weights that are not finite (named); samples missing or wrong.
    """
    choose("method", method, METHODS)
    check_network(network)
    check_samples(network, method, samples)
    weights = {name: layer.weight.detach() for name, layer in prunable(network).items()}
    if method == "WT":
        return Scores(method, {name: weight.abs().contiguous() for name, weight in weights.items()})
    if method == "FT":
        return Scores(method, {name: weight.abs().flatten(1).sum(1) for name, weight in weights.items()})
    return Scores(method, _over_samples(network, WeightShares if method == "SiPP" else ChannelShares, samples))


def check_scores(network: nn.Module, method: str, scores: dict[str, torch.Tensor]) -> None:
    """Check that ``scores`` are what ``method`` may give for ``network``.

    Raises:
        ValueError: another method's; a layer too few or too many; a wrong shape, device or value; a score where the
            network's weights are 0.
    """
    remedy = f"pass what scores(network, {method!r}, samples) returned for this network"
    if (theirs := getattr(scores, "method", method)) != method:
        raise ValueError(f"scores: got those of {theirs}, expected those of {method}; {remedy}")
    layers = prunable(network)
    if odd := layers.keys() ^ scores.keys():
        name = sorted(odd)[0]
        got, expected = ("one", "none") if name in scores else ("none", "one")
        raise ValueError(f"scores[{name!r}]: got {got}, expected {expected}; {remedy}")
    for name, layer in layers.items():
        weight, values = layer.weight, scores[name]
        shape = {"FT": weight.shape[:1], "PFP": weight.shape[1:2]}.get(method, weight.shape)
        if not isinstance(values, torch.Tensor) or values.shape != shape or values.device != weight.device:
            got = f"{list(values.shape)} on {values.device}" if isinstance(values, torch.Tensor) else type(values)
            raise ValueError(f"scores[{name!r}]: got {got}, expected {list(shape)} on {weight.device}; {remedy}")
        if not (values >= 0).all() or values.isinf().any():
            raise ValueError(f"scores[{name!r}]: got values that are negative or not finite; {remedy}")
        dim = 1 if method == "PFP" else 0
        weighs = weight != 0 if values.shape == weight.shape else (weight != 0).transpose(0, dim).flatten(1).any(1)
        if (values.bool() & ~weighs).any():
            raise ValueError(f"scores[{name!r}]: got scores where the network's weights are 0; {remedy}")


@torch.no_grad()
def _over_samples(network: nn.Module, kind: type[Shares], samples: torch.Tensor) -> dict[str, torch.Tensor]:
    network = twin(network)
    layers = prunable(network)
    shares = {name: kind(layer) for name, layer in layers.items()}

    hooks = [watch_input(layer, shares[name].see) for name, layer in layers.items()]
    with _full_precision():
        at_once = min(_BATCH, max(1, _BATCH * 224**2 // samples[0, 0].numel()))
        for batch in samples.split(at_once):
            network(batch.to(next(network.parameters())))
    for hook in hooks:  # else layers and shares hold each other, until garbage is collected
        hook.remove()
    values = {name: shares.pop(name).result() for name in layers}
    _rank_by_magnitude({name: layer.weight for name, layer in layers.items()}, values)
    return values


def _rank_by_magnitude(weights: dict[str, torch.Tensor], values: dict[str, torch.Tensor]) -> None:
    """Give layers that no sample reaches, and of which nothing is known, sensitivities like those of the others.

    They take the same distribution, in the order of their magnitudes, so that they are pruned to about the same
    fraction. Among them are layers that the forward does not use in evaluation, such as auxiliary classifiers.
    """
    reached = [each.flatten() for each in values.values() if each.any()]
    if not reached:
        return
    distribution = torch.cat(reached).sort().values
    for name, weight in weights.items():
        if not values[name].any():
            size = weight.abs()
            size = size if values[name].shape == size.shape else size.transpose(0, 1).flatten(1).sum(1)
            rank = size.flatten().argsort().argsort()
            like = distribution[((rank + 0.5) / len(rank) * len(distribution)).long()]
            values[name] = like.view(size.shape).masked_fill(size == 0, 0.0)


@contextlib.contextmanager
def _full_precision() -> Iterator[None]:
    """Float32 as it is, whatever precision is set for speed: with TF32 or bfloat16 shares that are equal would not
    compare equal. By operator, because the one who set it may have used the older or the newer of torch's ways."""
    backends = torch.backends
    operators = (backends.cuda.matmul, backends.cudnn.conv, backends.mkldnn.matmul, backends.mkldnn.conv)
    before, deterministic = [operator.fp32_precision for operator in operators], backends.cudnn.deterministic
    try:
        backends.cudnn.deterministic = True
        for operator in operators:
            operator.fp32_precision = "ieee"
        yield
    finally:
        backends.cudnn.deterministic = deterministic
        for operator, precision in zip(operators, before, strict=True):
            operator.fp32_precision = precision
