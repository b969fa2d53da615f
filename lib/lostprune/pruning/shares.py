"""Which share of a neuron's sum a weight contributes: what SiPP and PFP rank by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import nn

# A neuron whose positive (or negative) part is at most this has no shares. It is float32's epsilon.
SMALLEST_SUM = torch.finfo(torch.float32).eps
# Elements of one intermediate result: images, neurons and candidates are taken in groups that stay below it
# (16 MB of float32).
_GROUP_ELEMENTS = 2**22
STRIP_ELEMENTS = 2**24  # as many of one image, where its patches are unfolded strip by strip


class Shares:
    """One layer, seen as a matrix of non-negative weights, the positive and the negative ones in rows of their own.

    For an image, ``columns`` holds the patches that the layer sees, and the share of weight (i, k) at patch p is
    ``W[i, k] columns[k, p] / sum over k of the same``. A subclass says what it keeps of these.
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        self.layer = layer
        weight = layer.weight
        if isinstance(layer, nn.Linear):
            weight = weight[:, :, None, None]
            self.stride = self.dilation = (1, 1)
        else:
            self.stride, self.dilation = layer.stride, layer.dilation
        self.split = torch.cat([weight.clamp(min=0), (-weight).clamp(min=0)])  # [2 out, in, kh, kw]
        self.matrix = self.split.flatten(1)  # [2 out, k], where k counts input channels and kernel positions

    def see(self, activations: torch.Tensor) -> None:
        images = self._as_images(activations)
        if (images < 0).any():  # a negative activation counts by itself, as the original's two images do
            images = torch.cat([images.clamp(min=0), (-images).clamp(min=0)])
        height, width = (
            (size - dilation * (kernel - 1) - 1) // stride + 1
            for size, kernel, dilation, stride in zip(
                images.shape[2:], self.split.shape[2:], self.dilation, self.stride, strict=True
            )
        )
        row = max(self.matrix.shape) * width  # of patches
        if row * height <= STRIP_ELEMENTS:
            for group in images.split(max(1, _GROUP_ELEMENTS // (row * height))):
                self.see_columns(*self._unfolded(group))
        else:
            for image in images.split(1):
                strips = self._strips(image, height, max(1, STRIP_ELEMENTS // row))
                self.see_strips(map(self._unfolded, strips), height * width)

    def see_columns(self, columns: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        """columns [n, k, patches]; inverse_sums [n, 2 out, patches], 0 where a neuron has no sum."""
        raise NotImplementedError

    def see_strips(self, strips: Iterable[tuple[torch.Tensor, torch.Tensor]], patches: int) -> None:
        """As :meth:`see_columns`, of one image whose ``patches`` are too many to be unfolded at once."""
        for columns, inverse_sums in strips:
            self.see_columns(columns, inverse_sums)

    def result(self) -> torch.Tensor:
        raise NotImplementedError

    def _strips(self, image: torch.Tensor, height: int, rows: int) -> Iterator[torch.Tensor]:
        """Parts of an image that overlap as its patches do, with up to ``rows`` of its ``height`` rows of patches."""
        reach = self.dilation[0] * (self.split.shape[2] - 1) + 1
        for first in range(0, height, rows):
            last = min(first + rows, height) - 1
            yield image[:, :, first * self.stride[0] : last * self.stride[0] + reach]

    def _unfolded(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sums = F.conv2d(images, self.split, None, self.stride, 0, self.dilation).flatten(2)
        empty = sums <= SMALLEST_SUM
        columns = F.unfold(images, self.split.shape[2:], self.dilation, 0, self.stride)
        return columns, sums.reciprocal_().masked_fill_(empty, 0.0)

    def _as_images(self, activations: torch.Tensor) -> torch.Tensor:
        if isinstance(self.layer, nn.Linear):
            return activations.reshape(len(activations), -1, activations.shape[-1]).movedim(-1, 1).unsqueeze(-1)
        mode = "constant" if self.layer.padding_mode == "zeros" else self.layer.padding_mode
        return F.pad(activations, self.layer._reversed_padding_repeated_twice, mode)


class WeightShares(Shares):
    """SiPP: mean over patches, largest over images.

    The mean of W a / z over patches is W times a product of matrices: columns and inverse sums.
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        super().__init__(layer)
        self.largest = torch.zeros_like(layer.weight).flatten(1)  # of the row that a weight is in

    def see_columns(self, columns: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        count, length, patches = columns.shape
        at_once = max(1, _GROUP_ELEMENTS // (count * length))
        for rows, sums in zip(self.matrix.chunk(2), inverse_sums.chunk(2, 1), strict=True):  # one sign, the other
            for largest, weights, neurons in zip(
                self.largest.split(at_once), rows.split(at_once), sums.split(at_once, 1), strict=True
            ):
                means = torch.bmm(neurons / patches, columns.transpose(1, 2)).amax(0)
                torch.maximum(largest, means.masked_fill_(weights == 0, 0.0), out=largest)

    def see_strips(self, strips: Iterable[tuple[torch.Tensor, torch.Tensor]], patches: int) -> None:
        means = torch.zeros_like(self.matrix)
        for columns, inverse_sums in strips:
            means.addmm_(inverse_sums[0] / patches, columns[0].T)
        for rows, weights in zip(means.chunk(2), self.matrix.chunk(2), strict=True):
            torch.maximum(self.largest, rows.masked_fill_(weights == 0, 0.0), out=self.largest)

    def result(self) -> torch.Tensor:
        return (self.largest * self.layer.weight.flatten(1).abs()).view_as(self.layer.weight)


class ChannelShares(Shares):
    """PFP: largest over images, filters, patches and kernel positions, found by bound and check.

    No share of ``columns[k, p]`` is larger than the activation times the largest weight that reads it times the
    largest inverse sum of its patch, once every neuron is scaled to weights of sum 1. That bound costs nothing beside
    the shares of all neurons. Only where it exceeds what the channel already has are these computed; few are.
    """

    _MARGIN = 1 + 1e-6  # rounding of the bound
    _WHOLE = 1 - 1e-6  # a share that is 1 but for rounding: equal ones must compare equal

    def __init__(self, layer: nn.Conv2d | nn.Linear):
        super().__init__(layer)
        self.largest = self.split.new_zeros(self.split.shape[1])
        self.area = self.split[0, 0].numel()
        self.scale = self.matrix.sum(1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
        self.heaviest = (self.matrix / self.scale).amax(0)[:, None] * self._MARGIN

    def see_columns(self, columns: torch.Tensor, inverse_sums: torch.Tensor) -> None:
        bound = columns * self.heaviest
        bound *= (inverse_sums * self.scale).amax(1, keepdim=True)
        highest, patch = bound.max(2)  # [n, k]
        by_patch = inverse_sums.transpose(1, 2).contiguous()
        # The most promising activation of each channel first: it takes nearly all others out of the running.
        best = highest.unflatten(1, (-1, self.area)).transpose(0, 1).flatten(1).argmax(1)
        image = best // self.area
        row = best % self.area + torch.arange(0, len(self.matrix[0]), self.area, device=best.device)
        self._check(columns, by_patch, image, row, patch[image, row])
        limit = self.largest.masked_fill(self.largest >= self._WHOLE, torch.inf).repeat_interleave(self.area)
        image, row = (highest > limit).nonzero(as_tuple=True)
        at_once = max(1, _GROUP_ELEMENTS // columns.shape[2])
        for images, rows in zip(image.split(at_once), row.split(at_once), strict=True):
            which, place = (bound[images, rows] > limit[rows, None]).nonzero(as_tuple=True)
            self._check(columns, by_patch, images[which], rows[which], place)

    def _check(self, columns: torch.Tensor, by_patch: torch.Tensor, *where: torch.Tensor) -> None:
        """The shares of some activations, given by image, row and patch, in all neurons."""
        for image, row, patch in zip(
            *(some.split(max(1, _GROUP_ELEMENTS // (8 * len(self.matrix)))) for some in where), strict=True
        ):
            share = (self.matrix[:, row].T * by_patch[image, patch]).amax(1) * columns[image, row, patch]
            self.largest.scatter_reduce_(0, row // self.area, share, "amax")

    def result(self) -> torch.Tensor:
        return self.largest.masked_fill(self.largest >= self._WHOLE, 1.0)
