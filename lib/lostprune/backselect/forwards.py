"""A network's logits for an image with one more pixel masked, from forward passes of whole images."""

from __future__ import annotations

import torch
from torch import nn

from .windows import Window

# Error of logits in float32, as a share of the largest of an image: ten times the largest that was seen.
ROUNDING = 2e-6


class Forwards:
    """For any network in evaluation mode.

    Args:
        dtype: type of its parameters.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        self._network, self._dtype = network, dtype

    def show(self, image: torch.Tensor, fill: torch.Tensor) -> None:
        """Set the image [channels, h, w], and the values of its pixels once they are masked, of the same shape."""
        self._image, self._fill = image.to(self._dtype), fill.to(self._dtype).flatten(1)

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor, _: Window | None = None) -> torch.Tensor:
        """Logits [n, classes] without each of the pixels, int64 [n], wherever they lie."""
        images = self._image.flatten(1).repeat(len(pixels), 1, 1)
        images[torch.arange(len(pixels), device=pixels.device), :, pixels] = self._fill[:, pixels].T
        return self._network(images.view(-1, *self._image.shape).contiguous(memory_format=torch.channels_last))

    def error(self, logits: torch.Tensor) -> torch.Tensor:
        """How large the error of logits [n, classes] may be: [n]."""
        return (ROUNDING if self._dtype == torch.float32 else 0.0) * logits.abs().amax(1)
