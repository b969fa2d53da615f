"""Stretching an image: a random affine map, then a random displacement of every pixel.

Like all corruptions: x float32 [n, 3, h, w] in [0, 1] to float32 of the same shape, which the caller clips to [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import filters
from .randomness import ImageRandomness


def elastic_transform(x: torch.Tensor, constant: tuple[float, float, float], random: ImageRandomness) -> torch.Tensor:
    """Warp by a random affine map, then by smooth random displacements.

    Constant, in units of the shorter side: what the displacements, smoothed numbers from [-1, 1), are multiplied by;
    sigma of the Gaussian that smooths them; how far the affine map moves three points at most. Not monotone in the
    severity: less smooth displacements, but a weaker affine map.
    """
    height, width = x.shape[2:]
    strength, sigma, affine = (min(height, width) * share for share in constant)
    rows, columns = (torch.arange(size, device=x.device, dtype=torch.float64) for size in (height, width))
    x = _sample(x, *_affine(rows, columns, affine, random), "mirror")
    fields = filters.gaussian_filter(2 * random.uniform(2, height, width) - 1, sigma, "reflect", truncate=3)
    right, down = (strength * fields).unbind(1)
    return _sample(x, rows[:, None] + down, columns + right, "reflect")


def _affine(
    rows: torch.Tensor, columns: torch.Tensor, reach: float, random: ImageRandomness
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and columns, float64 [n, h, w], which every pixel comes from.

    The map moves three corners of a square around the middle by up to ``reach`` in either direction.
    """
    height, width = len(rows), len(columns)
    arm = max(min(height, width) // 3, 1)
    middle = torch.tensor([width // 2, height // 2], device=rows.device)
    corners = middle + arm * torch.tensor([[1, 1], [1, -1], [-1, -1]], device=rows.device, dtype=torch.float64)
    moved = corners + reach * (2 * random.uniform(3, 2).double() - 1)
    # [x, y, 1] of a moved corner, times the map back, is [x, y] of the corner
    ones = torch.ones_like(moved[..., :1])
    back = torch.linalg.solve_ex(torch.cat([moved, ones], dim=2), corners.expand_as(moved)).result
    to_column, to_row = (back[:, :, axis, None, None] for axis in (0, 1))
    return tuple(columns * to[:, 0] + rows[:, None] * to[:, 1] + to[:, 2] for to in (to_row, to_column))


def _sample(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, border: str) -> torch.Tensor:
    """x [n, c, h, w] between its pixels, linearly, at rows and columns [n, h, w]; borders as in filters.correlate."""
    height, width = x.shape[2:]
    if border == "mirror":  # grid_sample mirrors at the middles of the outer pixels where it aligns corners
        grid = [2 * p / max(size - 1, 1) - 1 for p, size in ((columns, width), (rows, height))]
    else:  # and at their outer edges where it does not
        grid = [(2 * p + 1) / size - 1 for p, size in ((columns, width), (rows, height))]
    grid = torch.stack(grid, dim=-1).to(x.dtype)
    return F.grid_sample(x, grid, "bilinear", "reflection", align_corners=border == "mirror")
