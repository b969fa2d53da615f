"""Which channels are the same for every sample: what data know of dead parts that structure does not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .layers import batches, channels_last, prunable, watch_input

BATCH = 32


@torch.no_grad()
def silent_channels(
    network: nn.Module,
    candidates: dict[str, torch.Tensor],
    samples: torch.Tensor,
    foldable: dict[str, torch.Tensor],
) -> dict[str, torch.Tensor]:
    """bool [in] per layer, by its weight's name: those of its input channels that say nothing about a sample.

    They are 0 for every sample, everywhere; where they are ``foldable``, it is enough that they are the same for every
    sample. Layers without such channels are missing. The look at the samples ends when there is none left.

    Args:
        network: with masks applied.
        candidates: the channels to look at, bool [in] per layer.
        foldable: the channels whose constants can be folded, bool [in] per layer.
    """
    layers = prunable(network)
    silent: dict[str, torch.Tensor] = {}
    expected: dict[str, torch.Tensor] = {}
    hooks = {}

    def watch(name: str) -> Callable:
        def see(inputs: torch.Tensor) -> None:
            inputs = channels_last(inputs, layers[name])
            if name not in silent:  # the first call
                silent[name] = candidates[name].clone()
                expected[name] = inputs[:1].where(foldable[name], 0) if name in foldable else inputs.new_zeros(())
            if expected[name].dim() and expected[name].shape[1:] != inputs.shape[1:]:
                expected[name] = inputs.new_zeros(())  # images are not along the first dimension
            silent[name] &= (inputs == expected[name]).flatten(0, -2).all(0)
            if not silent[name].any():
                hooks[name].remove()

        return see

    hooks = {name: watch_input(layers[name], watch(name)) for name in candidates}
    for batch in batches(samples, BATCH):
        network(batch.to(next(network.parameters())))
        if not any(channels.any() for channels in silent.values()):
            break
    return {name: channels for name, channels in silent.items() if channels.any()}
