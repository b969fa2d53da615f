"""Edges of grey images, and distances to them, as OpenCV finds them; many images at once."""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F

from . import filters

_TANGENT = 13573  # of 22.5 degrees, in units of 2^-15
# What a step to a neighbour, to a diagonal one and like a knight's in chess counts, so that the sum of the shortest
# way is nearly the Euclidean distance (Borgefors, Distance transformations in digital images, 1986).
_STEPS = {(0, 1): 1.0, (1, 1): 1.4, (1, 2): 2.1969}


def edges(levels: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """Canny's edges of whole levels float32 [n, 1, h, w], bool of the same shape.

    Gradients are Sobel's, their size is |dx| + |dy|. An edge is larger than its neighbours across it and than
    ``low``, and it is connected to one that is larger than ``high`` by such.
    """
    smooth, slope = {-1: 1, 0: 2, 1: 1}, {-1: -1, 1: 1}
    places = list(product((-1, 0, 1), repeat=2))
    dx = filters.correlate(levels, [(y, x, smooth[y] * slope[x]) for y, x in places if x], "nearest").int()
    dy = filters.correlate(levels, [(y, x, slope[y] * smooth[x]) for y, x in places if y], "nearest").int()
    size = dx.abs() + dy.abs()
    around = F.pad(size, (1, 1, 1, 1))
    height, width = size.shape[2:]
    near = {(y, x): around[..., 1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in places}
    steep, flat = dy.abs() << 15, dx.abs() * _TANGENT
    horizontal = (size > near[0, -1]) & (size >= near[0, 1])
    vertical = (size > near[-1, 0]) & (size >= near[1, 0])
    falling = (size > near[-1, -1]) & (size > near[1, 1])
    rising = (size > near[-1, 1]) & (size > near[1, -1])
    diagonal = torch.where((dx < 0) == (dy < 0), falling, rising)
    across = torch.where(steep > flat + (dx.abs() << 16), vertical, diagonal)
    largest = (size > low) & torch.where(steep < flat, horizontal, across)
    found = largest & (size > high)
    while not torch.equal(more := _grow(found) & largest, found):
        found = more
    return found


def _grow(mask: torch.Tensor) -> torch.Tensor:
    """The pixels of a mask [n, 1, h, w] and their eight neighbours."""
    mask = F.pad(mask, (1, 1, 1, 1))
    mask = mask[..., :-2, :] | mask[..., 1:-1, :] | mask[..., 2:, :]
    return mask[..., :-2] | mask[..., 1:-1] | mask[..., 2:]


def distances_to(mask: torch.Tensor, farthest: float) -> torch.Tensor:
    """Distance from every pixel to the nearest of a mask bool [n, 1, h, w], at most ``farthest``: float32.

    It is the length of the shortest way by steps to neighbours, to diagonal ones and like a knight's.
    """
    height, width = mask.shape[2:]
    around = F.pad(torch.where(mask, 0.0, farthest), (2, 2, 2, 2), value=farthest)
    distance = around[..., 2:-2, 2:-2]
    before = None
    while before is None or not torch.equal(distance, before):
        before = distance.clone()
        for y, x in product(range(-2, 3), repeat=2):
            if length := _STEPS.get((min(abs(y), abs(x)), max(abs(y), abs(x)))):
                near = around[..., 2 + y : 2 + y + height, 2 + x : 2 + x + width]
                torch.minimum(distance, near + length, out=distance)
    return before
