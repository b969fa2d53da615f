"""What several corruptions do to images of any size and number of channels: Gaussian filter, blur on a line, zoom."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def correlate(x: torch.Tensor, taps: list[tuple[int, int, float]], border: str) -> torch.Tensor:
    """The weighted sum of shifted copies of x [..., h, w]: taps are (rows down, columns right, weight).

    Beyond a row abcd lies, for border "nearest", dddd; for "reflect", dcba; for "mirror", cba, the last not repeated.
    Elementwise operations in the order of the taps: no image's result depends on its batch, which libraries for
    convolutions and matrix products do not promise.
    """
    height, width = x.shape[-2:]
    down, right = (max(abs(tap[axis]) for tap in taps) for axis in (0, 1))
    extended = _extend(_extend(x, down, -2, border), right, -1, border)
    total = torch.zeros_like(x)
    for row, column, weight in taps:
        top, left = down + row, right + column
        total.add_(extended[..., top : top + height, left : left + width], alpha=weight)
    return total


def _extend(x: torch.Tensor, margin: int, axis: int, border: str) -> torch.Tensor:
    """x with ``margin`` more values at both ends of an axis; the margin may be longer than the axis."""
    if margin == 0:
        return x
    size = x.shape[axis]
    positions = torch.arange(-margin, size + margin, device=x.device)
    if border == "nearest":
        return x.index_select(axis, positions.clamp(0, size - 1))
    period = 2 * size if border == "reflect" else max(2 * size - 2, 1)
    positions = positions % period
    other_way = period - 1 - positions if border == "reflect" else period - positions
    return x.index_select(axis, torch.minimum(positions, other_way))


def gaussian_weights(sigma: float, radius: int) -> list[float]:
    """2 radius + 1 samples of a Gaussian around its middle, with sum 1; sigma may be 0 where the radius is."""
    weights = [math.exp(-0.5 * (k / sigma) ** 2) if k else 1.0 for k in range(-radius, radius + 1)]
    return [weight / sum(weights) for weight in weights]


def gaussian_filter(x: torch.Tensor, sigma: float, border: str = "nearest", truncate: float = 4.0) -> torch.Tensor:
    """Smooth x [..., h, w] along both axes with a Gaussian that is cut off at ``truncate`` times sigma."""
    radius = int(truncate * sigma + 0.5)
    weights = list(zip(range(-radius, radius + 1), gaussian_weights(sigma, radius), strict=True))
    x = correlate(x, [(k, 0, weight) for k, weight in weights], border)
    return correlate(x, [(0, k, weight) for k, weight in weights], border)


def blur_along(x: torch.Tensor, radius: int, sigma: float, degrees: torch.Tensor) -> torch.Tensor:
    """Blur x [n, c, h, w] along one line per image, to one side, as ImageMagick's motion blur does.

    Args:
        radius: the first 2 radius + 1 pixels of the line count.
        sigma: sigma of the half Gaussian that weights them.
        degrees: float64 [n], where the line leads from each pixel: 0 is to the right, 90 is down.
    """
    height, width = x.shape[-2:]
    weights = [math.exp(-0.5 * (step / sigma) ** 2) for step in range(2 * radius + 1)]
    down, right = torch.sin(torch.deg2rad(degrees)), torch.cos(torch.deg2rad(degrees))
    rows, columns = (torch.arange(size, device=x.device) for size in (height, width))
    pixels, total = x.flatten(2), torch.zeros_like(x).flatten(2)
    for step, weight in enumerate(weights):
        row = (rows + torch.ceil(step * down - 0.5).long()[:, None]).clamp_(0, height - 1)
        column = (columns + torch.ceil(step * right - 0.5).long()[:, None]).clamp_(0, width - 1)
        source = (row[:, :, None] * width + column[:, None, :]).flatten(1)
        total.add_(pixels.gather(2, source[:, None].expand(-1, x.shape[1], -1)), alpha=weight / sum(weights))
    return total.view_as(x)


def zoom(x: torch.Tensor, factor: float) -> torch.Tensor:
    """Enlarge the middle of x [n, c, h, w] by ``factor`` >= 1, linearly, to x's size."""
    height, width = x.shape[-2:]
    (inner_height, outer_height), (inner_width, outer_width) = zoom_sizes(height, factor), zoom_sizes(width, factor)
    middle = _middle(x, inner_height, inner_width)
    enlarged = F.interpolate(middle, (outer_height, outer_width), mode="bilinear", align_corners=True)
    return _middle(enlarged, height, width)


def zoom_sizes(side: int, factor: float) -> tuple[int, int]:
    """How many pixels of a side are enlarged, and to how many; the middle ones are kept."""
    inner = math.ceil(side / factor)
    return inner, round(inner * factor)


def _middle(x: torch.Tensor, height: int, width: int) -> torch.Tensor:
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]
