"""What compressing to JPEG and back does to images, in the whole numbers of libjpeg's slow and exact transform.

Only the steps that lose something: colours to luminance and chrominance, chrominance at half the resolution, cosine
transform of blocks of 8 x 8 pixels, rounding to multiples of the quantisation table, and all of it back. What follows,
the packing of those numbers into bytes, loses nothing. ITU-T T.81; Loeffler, Ligtenberg and Moschytz, Practical fast
1-D DCT algorithms with 11 multiplications, 1989.
"""

from __future__ import annotations

from functools import lru_cache

import torch

# ITU-T T.81, tables K.1 and K.2: divisors for luminance and for chrominance at quality 50.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
_BITS, _EXTRA = 13, 2  # of the constants below; kept between the two passes of a transform
(_C0298, _C0390, _C0541, _C0765, _C0899, _C1175, _C1501, _C1847, _C1961, _C2053, _C2562, _C3072) = (
    round(number * 2**_BITS)
    for number in (
        0.298631336,
        0.390180644,
        0.541196100,
        0.765366865,
        0.899976223,
        1.175875602,
        1.501321110,
        1.847759065,
        1.961570560,
        2.053119869,
        2.562915447,
        3.072711026,
    )
)


def through_jpeg(levels: torch.Tensor, quality: int) -> torch.Tensor:
    """Whole levels int32 [n, 3, h, w] as they come back from JPEG of that quality (1 to 100), colours at 4:2:0."""
    height, width = levels.shape[2:]
    red, green, blue = levels.unbind(1)
    luminance = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    blueness = (-11059 * red - 21709 * green + 32768 * blue + (128 << 16) + 32767) >> 16
    redness = (32768 * red - 27439 * green - 5329 * blue + (128 << 16) + 32767) >> 16
    luminance = _coded(luminance, _table(quality, _LUMINANCE, levels.device))
    chrominance = _halve(torch.cat([blueness, redness]))
    chrominance = _coded(chrominance, _table(quality, _CHROMINANCE, levels.device))[..., : (width + 1) // 2]
    chrominance = _double(chrominance)[:, :height, :width]
    blueness, redness = (chrominance - 128).chunk(2)
    red = luminance + ((91881 * redness + 32768) >> 16)
    green = luminance + ((-22554 * blueness - 46802 * redness + 32768) >> 16)
    blue = luminance + ((116130 * blueness + 32768) >> 16)
    return torch.stack([red, green, blue], dim=1).clamp_(0, 255)


@lru_cache
def _table(quality: int, divisors: tuple[tuple[int, ...], ...], device: torch.device) -> torch.Tensor:
    """The quantisation table int32 [8, 8] that belongs to a quality."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    table = (torch.tensor(divisors, dtype=torch.int32) * percent + 50) // 100
    return table.clamp_(1, 255).to(device)


def _repeat_last(x: torch.Tensor, bottom: int, right: int) -> torch.Tensor:
    """x [n, h, w] with its last row and its last column that many more times."""
    x = torch.cat([x, x[:, -1:].expand(-1, bottom, -1)], dim=1) if bottom else x
    return torch.cat([x, x[:, :, -1:].expand(-1, -1, right)], dim=2) if right else x


def _halve(x: torch.Tensor) -> torch.Tensor:
    """Means of 2 x 2 pixels, half of them rounded up in turn: int32 [n, h, w] to [n, h / 2, w' / 2], sides rounded up.

    Columns are repeated up to whole blocks first, so w' is a multiple of 16.
    """
    x = _repeat_last(x, x.shape[1] % 2, -x.shape[2] % 16)
    total = x[:, ::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, ::2] + x[:, 1::2, 1::2]
    return (total + 1 + torch.arange(total.shape[2], dtype=x.dtype, device=x.device) % 2) >> 2


def _coded(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """int32 [n, h, w] after cosine transform, rounding to multiples of the table, and back, levels from 0 to 255."""
    n, height, width = x.shape
    x = _repeat_last(x, -height % 8, -width % 8)
    blocks = (x - 128).view(n, x.shape[1] // 8, 8, x.shape[2] // 8, 8).permute(2, 4, 0, 1, 3)  # [8, 8, ...]
    frequencies = _forward(_forward(blocks.unbind(1), _EXTRA, 1), -_EXTRA, 0)
    table = table[..., None, None, None]
    # The transform's results are 8 times too large. Below 2^24, dividing in float32 finds the right whole number.
    size = ((frequencies.abs() + 4 * table).float() / (8 * table)).int()
    frequencies = size * frequencies.sign() * table
    blocks = _inverse(_inverse(frequencies.unbind(0), _BITS - _EXTRA, 0).unbind(1), _BITS + _EXTRA + 3, 1)
    pixels = (blocks + 128).clamp_(0, 255)
    return pixels.permute(2, 3, 0, 4, 1).reshape(x.shape)[:, :height, :width]


def _descale(x: torch.Tensor, bits: int) -> torch.Tensor:
    """x / 2^bits, rounded; times 2^-bits where they are negative."""
    return (x + (1 << (bits - 1))) >> bits if bits > 0 else x << -bits


def _forward(lines: tuple[torch.Tensor, ...], extra: int, dim: int) -> torch.Tensor:
    """The cosine transform along eight lines of pixels, with ``extra`` bits, stacked along ``dim``."""
    total = [lines[k] + lines[7 - k] for k in range(4)]
    difference = [lines[k] - lines[7 - k] for k in range(4)]
    outer, inner = total[0] + total[3], total[1] + total[2]
    outer_difference, inner_difference = total[0] - total[3], total[1] - total[2]
    rotated = (inner_difference + outer_difference) * _C0541
    seven, five, three, one = _odd(*difference[::-1])
    bits = _BITS - extra
    return torch.stack(
        [
            _descale(outer + inner, -extra),
            _descale(one, bits),
            _descale(rotated + outer_difference * _C0765, bits),
            _descale(three, bits),
            _descale(outer - inner, -extra),
            _descale(five, bits),
            _descale(rotated - inner_difference * _C1847, bits),
            _descale(seven, bits),
        ],
        dim,
    )


def _inverse(lines: tuple[torch.Tensor, ...], bits: int, dim: int) -> torch.Tensor:
    """Eight lines of pixels from their cosine transform, divided by 2^bits, stacked along ``dim``."""
    rotated = (lines[2] + lines[6]) * _C0541
    low, high = rotated - lines[6] * _C1847, rotated + lines[2] * _C0765
    total, difference = (lines[0] + lines[4]) << _BITS, (lines[0] - lines[4]) << _BITS
    even = [total + high, difference + low, difference - low, total - high]
    odd = _odd(lines[7], lines[5], lines[3], lines[1])[::-1]
    sums = [_descale(one + other, bits) for one, other in zip(even, odd, strict=True)]
    differences = [_descale(one - other, bits) for one, other in zip(even, odd, strict=True)]
    return torch.stack(sums + differences[::-1], dim)


def _odd(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, d: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The rotations of the odd half of the transform, which is its own inverse."""
    both = (a + c + b + d) * _C1175
    outer, inner = (a + d) * -_C0899, (b + c) * -_C2562
    first, second = both - (a + c) * _C1961, both - (b + d) * _C0390
    return (
        a * _C0298 + outer + first,
        b * _C2053 + inner + second,
        c * _C3072 + inner + first,
        d * _C1501 + outer + second,
    )


def _double(x: torch.Tensor) -> torch.Tensor:
    """int32 [n, h, w] at twice the size: three parts of the pixel that covers a new one, one of the next nearest."""
    if x.shape[2] <= 2:  # so narrow ones are only repeated
        return x.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    x = _between(x, 1)
    left, right = _between(x, 2).unflatten(2, (-1, 2)).unbind(3)
    return torch.stack([(left + 8) >> 4, (right + 7) >> 4], dim=3).flatten(2)


def _between(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Twice as many along an axis: three times each value plus the one before it, and plus the one behind it."""
    size = x.shape[dim]
    before = torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, size - 1)], dim)
    behind = torch.cat([x.narrow(dim, 1, size - 1), x.narrow(dim, size - 1, 1)], dim)
    return torch.stack([3 * x + before, 3 * x + behind], dim + 1).flatten(dim, dim + 1)
