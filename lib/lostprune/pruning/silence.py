"""Which channels are the same for every sample: what data know of dead parts that structure does not."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

import torch
from torch import nn

from .layers import channels_with, prunable, watch_input
from .masks import Masks

_BATCH = 32


@torch.no_grad()
def silent_channels(
    network: nn.Module, masks: Masks, samples: torch.Tensor, names: Iterable[str], foldable: Container[str]
) -> dict[str, torch.Tensor]:
    """bool [in] per layer, by its weight's name: input channels with kept weights that say nothing about a sample.

    They are 0 for every sample, everywhere; in the layers in ``foldable`` it is enough that they are the same for
    every sample. Layers without such channels are missing. The look at the samples ends when there is none left.

    Args:
        network: with the masks applied.
        names: of the weights of the layers to look at.
    """
    layers = prunable(network)
    silent: dict[str, torch.Tensor] = {}
    expected: dict[str, torch.Tensor] = {}
    hooks = {}

    def watch(name: str) -> Callable:
        def see(images: torch.Tensor) -> None:
            if name not in silent:  # the first call
                silent[name] = masks[name].transpose(0, 1).flatten(1).any(1)
                expected[name] = images[:1].clone() if name in foldable else images.new_zeros(())
            silent[name] &= ~channels_with(images != expected[name], layers[name])
            if not silent[name].any():
                hooks[name].remove()

        return see

    hooks = {name: watch_input(layers[name], watch(name)) for name in names}
    for batch in samples.split(_BATCH):
        network(batch.to(next(network.parameters())))
        if not any(channels.any() for channels in silent.values()):
            break
    return {name: channels for name, channels in silent.items() if channels.any()}
