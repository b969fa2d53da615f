"""Which part of a map masking some pixels can change."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

Pair = tuple[int, int]  # (rows, columns)


class Span(NamedTuple):
    """Positions along one axis of a map: from ``first`` to before ``end``."""

    first: int
    end: int

    def after(self, kernel: int, stride: int, padding: int, dilation: int, length: int) -> Span:
        """The positions that read any of these, of the ``length`` outputs of a convolution or a pooling.

        Where none does it is one that reads positions beside them, which does no harm.
        """
        first = -((dilation * (kernel - 1) - padding - self.first) // stride)  # rounded up
        first = min(max(first, 0), length - 1)
        end = min((self.end - 1 + padding) // stride + 1, length)
        return Span(first, max(end, first + 1))

    def read_by(self, kernel: int, stride: int, padding: int, dilation: int) -> Span:
        """The positions that these are computed from; those before 0 or past the end are padding."""
        return Span(self.first * stride - padding, (self.end - 1) * stride - padding + dilation * (kernel - 1) + 1)

    def joined(self, other: Span) -> Span:
        return Span(min(self.first, other.first), max(self.end, other.end))


class Window(NamedTuple):
    """A part of a map."""

    rows: Span
    columns: Span

    def after(self, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, shape: Pair) -> Window:
        """See :meth:`Span.after`; ``shape`` is that of the output."""
        settings = zip(self, kernel, stride, padding, dilation, shape, strict=True)
        return Window(*(span.after(*numbers) for span, *numbers in settings))

    def read_by(self, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Window:
        """See :meth:`Span.read_by`."""
        settings = zip(self, kernel, stride, padding, dilation, strict=True)
        return Window(*(span.read_by(*numbers) for span, *numbers in settings))

    def joined(self, other: Window) -> Window:
        return Window(*(one.joined(two) for one, two in zip(self, other, strict=True)))

    def of(self, values: torch.Tensor) -> torch.Tensor:
        """This part of maps [n, channels, h, w]."""
        return values[:, :, slice(*self.rows), slice(*self.columns)]

    def margins(self, other: Window) -> tuple[int, int, int, int]:
        """How far the other goes beyond this: left, right, above, below; negative where it falls short."""
        (top, bottom), (left, right) = self
        (above, below), (before, behind) = other
        return left - before, behind - right, top - above, below - bottom


def whole(shape: Pair) -> Window:
    return Window(*(Span(0, length) for length in shape))


def enclosing(pixels: torch.Tensor, shape: Pair, grid: int = 1) -> Window:
    """The smallest window with all pixels, int64 [n] on the CPU, of an image; its borders lie on a grid."""
    spans = []
    for positions, length in zip((pixels // shape[1], pixels % shape[1]), shape, strict=True):
        first, last = int(positions.min()), int(positions.max())
        spans.append(Span(first // grid * grid, min((last // grid + 1) * grid, length)))
    return Window(*spans)


def neighbours(pixels: torch.Tensor, shape: Pair, size: int, grid: int) -> list[tuple[torch.Tensor, Window]]:
    """Pixels in groups of ``size`` (one may be smaller): their positions in ``pixels`` and their window."""
    groups, todo = [], [torch.arange(len(pixels))]
    while todo:
        group = todo.pop()
        height, across = (end - first for first, end in enclosing(pixels[group], shape))
        if len(group) <= size:
            groups.append((group, enclosing(pixels[group], shape, grid)))
            continue
        along = pixels[group] // shape[1] if height >= across else pixels[group] % shape[1]
        ordered, half = along.argsort(stable=True), -(-len(group) // size) // 2 * size
        todo += [group[ordered[:half]], group[ordered[half:]]]
    return groups


def moved(values: torch.Tensor, source: Window, target: Window) -> torch.Tensor:
    """Values [n, channels, h, w] of one window as those of another: cut off, or with zeros around them."""
    return with_margins(values, source.margins(target))


def with_margins(values: torch.Tensor, margins: tuple[int, int, int, int]) -> torch.Tensor:
    """Zeros added where margins (left, right, above, below) are positive, values cut off where they are negative."""
    if any(margin > 0 for margin in margins):
        values = F.pad(values, [max(margin, 0) for margin in margins])
    left, right, above, below = (max(-margin, 0) for margin in margins)
    return values[:, :, above : values.shape[2] - below, left : values.shape[3] - right]
