"""Backward selection as the paper describes it: one candidate after the other, in batches of whole images."""

from __future__ import annotations

import torch
from torch import nn

BATCH = 128


def rank_pixels(
    network: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor | None = None,
    among: torch.Tensor | None = None,
    fill: float = 0.0,
) -> torch.Tensor:
    """Greedy: mask the pixel without which the confidence in the target stays highest, again and again."""
    orders = []
    for number, image in enumerate(images):
        with torch.no_grad():
            target = network(image[None]).argmax() if targets is None else targets[number]
        pixels = image[0].numel()
        inside = torch.ones(pixels, dtype=torch.bool) if among is None else among[number].cpu()
        left = inside.nonzero().flatten().tolist()
        order = (~inside).nonzero().flatten().tolist()
        image = masked(image, order, fill)
        while left:
            candidates = torch.stack([masked(image, [pixel], fill) for pixel in left])
            best = left[int(_confidence(network, candidates, target).argmax())]  # the first one of equals
            image = masked(image, [best], fill)
            left.remove(best)
            order.append(best)
        orders.append(order)
    return torch.tensor(orders)


def rank_by_gradient(network: nn.Module, images: torch.Tensor, pixels_per_step: int) -> torch.Tensor:
    """Mask the pixels with the largest gradient of the confidence with respect to the mask, so many at a time."""
    orders = []
    for image in images:
        pixels = image[0].numel()
        with torch.no_grad():
            target = network(image[None]).argmax()
        order: list[int] = []
        while len(order) < pixels:
            mask = torch.zeros(pixels)
            mask[order] = 1.0
            mask.requires_grad_()
            shown = image * (1 - mask.reshape(image.shape[1:]))
            network(shown[None]).softmax(1)[0, target].backward()
            left = [pixel for pixel in range(pixels) if pixel not in order]
            left.sort(key=lambda pixel: -mask.grad[pixel].item())
            order += left[:pixels_per_step]
        orders.append(order)
    return torch.tensor(orders)


def masked(image: torch.Tensor, pixels: list[int], fill: float) -> torch.Tensor:
    """The image without some pixels: all their channels are ``fill``."""
    flat = image.flatten(1).clone()
    flat[:, pixels] = fill
    return flat.reshape(image.shape)


@torch.no_grad()
def _confidence(network: nn.Module, images: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.cat([network(part).softmax(1)[:, target] for part in images.split(BATCH)])
