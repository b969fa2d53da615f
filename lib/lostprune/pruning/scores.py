"""How much each weight, filter or input channel matters: the sensitivities of Table 1."""

from __future__ import annotations

import torch
from torch import nn

from . import paper  # noqa: F401 (which registers the paper's methods)
from .checks import check_network, check_samples
from .layers import METHODS, prunable
from .own import scores_of_own
from .registry import check_method, registered


class Scores(dict[str, torch.Tensor]):
    """A method's sensitivities, by the name of a layer's weight parameter.

    Attributes:
        method: the method that made them, a registered one.
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

    Those of a method that a user registered are what its function returns, once they are checked. Layers that no sample
    reaches get sensitivities like those of the others, in the order of their magnitudes.

    ``select`` and ``prune`` compute them on their own. To prune one network to several ratios, compute them once and
    pass them on: ``prune(network, method, keep_ratio, samples, scores=scores(network, method, samples))``.

    Args:
        network: not modified; its layers are evaluated as in ``eval()``.
        method: a registered one, such as those in ``METHODS``.
        samples: normalised network inputs, float32 [n, c, h, w]; SiPP and PFP need them (``sample_size`` says how
            many the paper takes), WT and FT ignore them.

    Raises:
        ValueError: unknown method; no prunable layer; weights that are not finite (named); samples missing or wrong;
            scores of a registered method that are not what :func:`register` asks for.
    """
    check_method("method", method)
    check_network(network)
    check_samples(network, method, samples)
    return unchecked_scores(network, method, samples)


def unchecked_scores(network: nn.Module, method: str, samples: torch.Tensor | None) -> Scores:
    """As ``scores``, of what has been checked; the samples may have been converted since."""
    if method in METHODS:
        return Scores(method, dict(registered(method).function(network, samples)))
    return Scores(method, scores_of_own(network, registered(method), samples))


def check_scores(network: nn.Module, method: str, scores: dict[str, torch.Tensor]) -> None:
    """Check that ``scores`` are what ``method`` may give for ``network``.

    Raises:
        ValueError: another method's; a layer too few or too many; a wrong shape, device or value; a score where the
            network's weights are 0.
    """
    remedy = f"pass what scores(network, {method!r}, samples) returned for this network"
    if (theirs := getattr(scores, "method", method)) != method:
        raise ValueError(f"scores: got those of {theirs}, expected those of {method}; {remedy}")
    layers, kind = prunable(network), registered(method)
    if odd := layers.keys() ^ scores.keys():
        name = sorted(odd)[0]
        got, expected = ("one", "none") if name in scores else ("none", "one")
        raise ValueError(f"scores[{name!r}]: got {got}, expected {expected}; {remedy}")
    for name, layer in layers.items():
        weight, values = layer.weight, scores[name]
        shape = kind.shape(weight)
        if not isinstance(values, torch.Tensor) or values.shape != shape or values.device != weight.device:
            got = f"{list(values.shape)} on {values.device}" if isinstance(values, torch.Tensor) else type(values)
            raise ValueError(f"scores[{name!r}]: got {got}, expected {list(shape)} on {weight.device}; {remedy}")
        if not (values >= 0).all() or values.isinf().any():
            raise ValueError(f"scores[{name!r}]: got values that are negative or not finite; {remedy}")
        weighs = weight != 0 if kind.dim is None else (weight != 0).transpose(0, kind.dim).flatten(1).any(1)
        if (values.bool() & ~weighs).any():
            raise ValueError(f"scores[{name!r}]: got scores where the network's weights are 0; {remedy}")
