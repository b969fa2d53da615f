"""What a network says to an image without one of many pixels, by forwards of whole images."""

from __future__ import annotations

import torch
from torch import nn

from .windows import Window

# Error of logits in float32, as a share of the largest of an image: ten times what was seen.
ROUNDING = 2e-6


class Forwards:
    """For any network in evaluation mode.

    Args:
        dtype: type of its parameters.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        self._network, self._dtype = network, dtype

    def show(self, image: torch.Tensor, fill: torch.Tensor) -> None:
        """Take an image [channels, h, w], and what its pixels show once they are masked, of the same shape."""
        self._image, self._fill = image.to(self._dtype), fill.to(self._dtype).flatten(1)

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor, _: Window | None = None) -> torch.Tensor:
        """[n, classes], of the image without one of the pixels, int64 [n], each; in any window."""
        images = self._image.flatten(1).repeat(len(pixels), 1, 1)
        images[torch.arange(len(pixels), device=pixels.device), :, pixels] = self._fill[:, pixels].T
        return self._network(images.view(-1, *self._image.shape).contiguous(memory_format=torch.channels_last))

    def error(self, logits: torch.Tensor) -> torch.Tensor:
        """How far logits [n, classes] may be off: [n]."""
        return (ROUNDING if self._dtype == torch.float32 else 0.0) * logits.abs().amax(1)
