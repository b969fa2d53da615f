"""AugMix (Hendrycks et al., AugMix: A Simple Data Processing Method, ICLR 2020), batched: each image its own draws."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torchvision.transforms.v2 import functional as transforms

from ..corruptions.randomness import ImageRandomness, draw_seeds

# The paper's settings: three chains of one to three operations at severity 3 out of 10, mixed with weights from
# Dirichlet(1, 1, 1), and the mixture with the image by a weight from Beta(1, 1).
CHAINS, LONGEST = 3, 3
_LEAST, _MOST = 0.01, 0.3  # of an operation's largest strength: uniform between 0.1 and the severity, over 10
_IMAGES_AT_ONCE = {"cpu": 256, "cuda": 4096}  # what a CPU keeps in its cache, what keeps a GPU busy


def augmix(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mix every image with three randomly altered versions of itself.

    The operations are the nine of the paper, none of which is a corruption of CIFAR-10-C: autocontrast, equalize,
    posterize, solarize, rotate, shear and translate along either axis; torchvision's ``v2.AugMix`` has four more unless
    it is told otherwise (brightness, color, contrast, sharpness), which are left out here. Some still resemble
    corruptions: a mixture of shifted and turned copies is a blur like motion_blur and zoom_blur; shear and rotate are
    most of elastic_transform; autocontrast and equalize undo what contrast, brightness and fog do, and so show images
    of several contrasts; posterize removes levels, as jpeg_compression does in its own way. No operation adds noise.

    ``v2.AugMix`` draws the operations once for a batch; image by image it takes four times as long as this. Two things
    differ from the original code: images are cropped and flipped after they are mixed, and there is no Jensen-Shannon
    loss, which would need three images for each one.

    Args:
        images: uint8 [n, 3, h, w] on a CPU or a CUDA device.
        generator: a CPU generator; one seed per image is drawn from it.

    Returns:
        uint8 [n, 3, h, w] on the images' device.
    """
    seeds = draw_seeds(len(images), generator)
    mixed = torch.empty_like(images, memory_format=torch.contiguous_format)
    step = _IMAGES_AT_ONCE[images.device.type]
    for part, part_seeds, out in zip(images.split(step), seeds.split(step), mixed.split(step), strict=True):
        out.copy_(_mixture(part, ImageRandomness(part_seeds)))
    return mixed


def _mixture(images: torch.Tensor, random: ImageRandomness) -> torch.Tensor:
    """Float levels [n, 3, h, w], whole numbers. The few numbers per image are drawn on the CPU, where seeds lie."""
    depth = 1 + random.integers(LONGEST, CHAINS)
    shares = -torch.log1p(-random.uniform(CHAINS))  # exponential numbers over their sum are Dirichlet(1, …, 1)
    weight = random.uniform(1)
    shares = (weight * shares / shares.sum(1, keepdim=True)).to(images.device)
    chains = images.repeat_interleave(CHAINS, 0)
    for step in range(LONGEST):
        operation = random.integers(len(_BY_VALUE) + len(_BY_PLACE), CHAINS)
        strength = _LEAST + (_MOST - _LEAST) * random.uniform(CHAINS)
        sign = 1 - 2 * random.integers(2, CHAINS)
        operation = torch.where(step < depth, operation, -1)
        _operate(chains, *(drawn.flatten() for drawn in (operation, strength, sign)))
    mixed = images * (1 - weight.to(images.device))[:, :, None, None]
    for chain, share in zip(chains.unflatten(0, (-1, CHAINS)).unbind(1), shares.unbind(1), strict=True):
        mixed.addcmul_(chain.to(mixed.dtype), share[:, None, None, None])
    return mixed.round_()


def _operate(images: torch.Tensor, operation: torch.Tensor, strength: torch.Tensor, sign: torch.Tensor) -> None:
    """One operation on each image, in place; -1 is none."""
    for number, change in enumerate(_BY_VALUE):
        rows = (operation == number).nonzero()[:, 0]
        places = rows.to(images.device)
        images.index_copy_(
            0, places, change(images.index_select(0, places), strength[rows].to(images.device)[:, None, None, None])
        )
    rows = (operation >= len(_BY_VALUE)).nonzero()[:, 0]
    places, kind = rows.to(images.device), operation[rows] - len(_BY_VALUE)
    maps = _maps(kind, (sign * strength)[rows], *images.shape[2:])
    images.index_copy_(0, places, _warp(images.index_select(0, places), maps.to(images.device)))


def _posterize(images: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """Keep the highest four bits at most."""
    bits = 4 - (4 * strength).to(torch.uint8)
    return images & (-(1 << (8 - bits.int()))).to(torch.uint8)


def _solarize(images: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """Invert the levels from a threshold on."""
    return torch.where(images >= 256 - (256 * strength).int(), 255 - images, images)


_BY_VALUE = (
    lambda images, _: transforms.autocontrast(images),
    lambda images, _: transforms.equalize(images),
    _posterize,
    _solarize,
)
_BY_PLACE = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")


def _maps(kind: torch.Tensor, strength: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where pixels come from, float32 [n, 2, 3]: row times (x, y, 1) is an old x or y, in pixels from the upper left.

    Angles are whole degrees up to 30 and translations whole pixels up to a third of the side, both truncated; shears
    up to 0.3.
    """

    def only(name: str, values: torch.Tensor) -> torch.Tensor:
        return torch.where(kind == _BY_PLACE.index(name), values, 0.0)

    angle = torch.deg2rad(only("rotate", (30 * strength).trunc()))
    cos, sin = angle.cos(), angle.sin()
    x, y = width / 2, height / 2  # the turn's fixed point
    right = x - cos * x + sin * y + only("translate_x", (width / 3 * strength).trunc())
    down = y - sin * x - cos * y + only("translate_y", (height / 3 * strength).trunc())
    rows = [
        torch.stack([cos, only("shear_x", 0.3 * strength) - sin, right], 1),
        torch.stack([only("shear_y", 0.3 * strength) + sin, cos, down], 1),
    ]
    return torch.stack(rows, 1)


def _warp(images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Levels [n, 3, h, w] between the pixels, linearly and truncated, as Pillow does; black from outside."""
    height, width = images.shape[2:]
    rows, columns = (torch.arange(size, device=images.device) + 0.5 for size in (height, width))
    to_x, to_y = maps[:, :, :, None, None].unbind(1)
    old_x, old_y = (columns * to[:, 0] + rows[:, None] * to[:, 1] + to[:, 2] for to in (to_x, to_y))
    inside = (old_x >= 0) & (old_x < width) & (old_y >= 0) & (old_y < height)
    grid = torch.stack([2 * old_x / width - 1, 2 * old_y / height - 1], -1)
    moved = F.grid_sample(images.float(), grid, "bilinear", "border", align_corners=False)
    # A whole level must not fall to the one below by a rounding error.
    return moved.mul_(inside[:, None]).add_(1e-3).to(images.dtype)
