"""From values in [0, 1] to the 256 levels of 8 bits, as CIFAR-10-C has them: truncated, not rounded."""

from __future__ import annotations

import torch

# A value that is a whole level except for rounding errors must not fall to the level below: float32 on values up to 255
# errs by a few 1e-5, and which way depends on the device.
_ROUNDING_ERROR = 1e-4


def truncate(x: torch.Tensor) -> torch.Tensor:
    """Whole numbers 0 to 255, float32 of x's shape, of values which are clipped to [0, 1]."""
    return x.clamp(0, 1).mul_(255).add_(_ROUNDING_ERROR).floor_()
