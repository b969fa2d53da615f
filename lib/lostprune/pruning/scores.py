"""How much each weight, filter or input channel matters: the sensitivities of Table 1."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from ..choices import choose
from .layers import METHODS, check_network, check_samples, prunable

# A neuron whose positive (or negative) part is at most this has no relative sensitivities. It is float32's epsilon.
SMALLEST_SUM = torch.finfo(torch.float32).eps
# Elements of one intermediate result: images are taken in groups that stay below it (16 MB of float32).
_GROUP_ELEMENTS = 2**22
_BATCH = 16


def scores(network: nn.Module, method: str, samples: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
    """A method's sensitivities of every prunable layer (Table 1 of the paper), by the name of its weight parameter.

    - ``"WT"``: magnitude of each weight; shaped like the weight.
    - ``"FT"``: l1 norm of each filter; ``[out]``.
    - ``"SiPP"``: share of each weight in its neuron, ``W a / sum(W a)``, positive and negative weights apart, averaged
      over patches, largest over the samples; in [0, 1], shaped like the weight (Baykal et al., 2019b).
    - ``"PFP"``: the largest such share that an input channel has in any filter, patch, kernel position and sample; in
      [0, 1], ``[in]`` (Liebenwein et al., 2020).

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
        return {name: weight.abs() for name, weight in weights.items()}
    if method == "FT":
        return {name: weight.abs().flatten(1).sum(1) for name, weight in weights.items()}
    kind = _WeightShares if method == "SiPP" else _ChannelShares
    return _over_samples(network, kind, samples)


@torch.no_grad()
def _over_samples(network: nn.Module, kind: type[_Shares], samples: torch.Tensor) -> dict[str, torch.Tensor]:
    network = copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format)
    layers = prunable(network)
    shares = {name: kind(layer) for name, layer in layers.items()}

    def watch(layer_shares: _Shares) -> Callable:
        return lambda _, inputs: layer_shares.see(inputs[0])

    for name, layer in layers.items():
        layer.register_forward_pre_hook(watch(shares[name]))
    device = next(network.parameters()).device
    # The first image alone: what PFP knows from it spares it nearly all work on the others.
    # Full float32 on CUDA, too: a convolution in TF32 would be off by more than PFP's bound allows for.
    with torch.backends.cudnn.flags(torch.backends.cudnn.enabled, deterministic=True, allow_tf32=False):
        for batch in (samples[:1], *samples[1:].split(_BATCH)):
            if len(batch):
                network(batch.to(device))
    return {name: layer_shares.result() for name, layer_shares in shares.items()}


class _Shares:
    """One layer, seen as a convolution of non-negative images with the positive and negative weights apart."""

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        self.layer = layer
        weight = layer.weight
        if isinstance(layer, nn.Linear):
            weight = weight[:, :, None, None]
            self.stride = self.dilation = (1, 1)
        else:
            self.stride, self.dilation = layer.stride, layer.dilation
        self.split = torch.cat([weight.clamp(min=0), (-weight).clamp(min=0)])  # [2 out, in, kh, kw]

    def see(self, activations: torch.Tensor) -> None:
        images = self._as_images(activations)
        if (images < 0).any():  # a negative activation counts by itself, as the original's two images do
            images = torch.cat([images.clamp(min=0), (-images).clamp(min=0)])
        patches = images.shape[2] * images.shape[3] // (self.stride[0] * self.stride[1])
        per_image = max(images[0].numel(), 2 * self.split.numel(), len(self.split) * patches)
        for group in images.split(max(1, _GROUP_ELEMENTS // per_image)):
            sums = F.conv2d(group, self.split, None, self.stride, 0, self.dilation)
            empty = sums <= SMALLEST_SUM
            self.see_group(group, sums.reciprocal_().masked_fill_(empty, 0.0))

    def see_group(self, images: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        """images [n, in, h, w], already padded; inverse_sums [n, 2 out, h', w'], 0 where a neuron has no sum."""
        raise NotImplementedError

    def result(self) -> torch.Tensor:
        raise NotImplementedError

    def _as_images(self, activations: torch.Tensor) -> torch.Tensor:
        if isinstance(self.layer, nn.Linear):
            return activations.reshape(len(activations), -1, activations.shape[-1]).movedim(-1, 1).unsqueeze(-1)
        mode = "constant" if self.layer.padding_mode == "zeros" else self.layer.padding_mode
        return F.pad(activations, self.layer._reversed_padding_repeated_twice, mode)


class _WeightShares(_Shares):
    """SiPP: mean over patches, largest over images."""

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        super().__init__(layer)
        self.largest = torch.zeros_like(self.split)
        self.patches = 1

    def see_group(self, images: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        # sum over patches of a / z is what a convolution's weight gradient computes; one group per image.
        count = len(images)
        self.patches = inverse_sums.shape[2] * inverse_sums.shape[3]
        sums = torch.nn.grad.conv2d_weight(
            images.flatten(0, 1).unsqueeze(0),
            (count * len(self.split), *self.split.shape[1:]),
            inverse_sums.flatten(0, 1).unsqueeze(0),
            self.stride,
            0,
            self.dilation,
            groups=count,
        )
        torch.maximum(self.largest, sums.view(count, *self.split.shape).amax(0), out=self.largest)

    def result(self) -> torch.Tensor:
        positive, negative = (self.largest * self.split / self.patches).chunk(2)
        return (positive + negative).view_as(self.layer.weight)  # one of the two is 0 for every weight


class _ChannelShares(_Shares):
    """PFP: largest over images, filters, patches and kernel positions, found by bound and check.

    All shares of one neuron are at most the l4 norm of its terms over its sum, which two convolutions give. Only
    where that bound, relative to what each channel already has, exceeds 1 can a maximum still grow; there the shares
    are computed one by one. The result is that of computing all of them.
    """

    _MARGIN = 1e-3  # rounding of the bound
    _SEED = 1e-8  # what a channel counts as having before it was seen
    _WHOLE = 1 - 1e-6  # a share that is 1 but for rounding: equal ones must compare equal
    _CHECKED = 2**20  # elements checked at once

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        super().__init__(layer)
        self.largest = self.split.new_zeros(self.split.shape[1])

    def see_group(self, images: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        windows = images
        for axis in (0, 1):
            reach = self.dilation[axis] * (self.split.shape[2 + axis] - 1) + 1
            windows = windows.unfold(2 + axis, reach, self.stride[axis])
        windows = windows[..., :: self.dilation[0], :: self.dilation[1]]  # [n, in, h', w', kh, kw]
        fourth_powers = images.square().square_()
        at_once = limit = max(1, self._CHECKED // self.split[0].numel())
        while True:
            # A few of the best first: what they bring takes most others out of the running.
            bound, candidates = self._candidates(fourth_powers, inverse_sums)
            if not len(candidates):
                return
            best = candidates[bound[candidates].topk(min(limit, len(candidates))).indices]
            for chosen in best.split(at_once):
                image, neuron, row, column = torch.unravel_index(chosen, inverse_sums.shape)
                terms = (windows[image, :, row, column] * self.split[neuron]).flatten(2).amax(2)
                shares = terms * inverse_sums[image, neuron, row, column, None]
                torch.maximum(self.largest, shares.amax(0), out=self.largest)
            if len(best) == len(candidates):
                return
            inverse_sums[torch.unravel_index(best, inverse_sums.shape)] = 0.0  # checked
            limit *= 2

    def _candidates(self, fourth_powers: torch.Tensor, inverse_sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Bounds of all neurons, flat, and the positions of those that may still raise a channel's largest share."""
        factor = 1 / self.largest.clamp(min=self._SEED)
        factor = factor.masked_fill(self.largest >= self._WHOLE, 0.0)[:, None, None]  # cannot grow
        bound = F.conv2d(fourth_powers, (self.split * factor).pow_(4), None, self.stride, 0, self.dilation)
        bound = bound.sqrt_().sqrt_().mul_(inverse_sums).flatten()
        return bound, (~(bound <= 1 - self._MARGIN)).nonzero().squeeze(1)  # "not <=" keeps what overflowed to NaN

    def result(self) -> torch.Tensor:
        return self.largest.masked_fill(self.largest >= self._WHOLE, 1.0)
