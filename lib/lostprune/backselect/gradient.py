"""The search by gradients: mask, in each step, the pixels whose masking promises the highest confidence.

The batched gradient variant of BackSelect (Carter et al., 2020): the promise is the gradient of the confidence with
respect to a mask m of the image x (1 - m), at the mask that is there. It takes one forward and one backward pass per
step, for all pixels and many images at once.
"""

from __future__ import annotations

import torch
from torch import nn

from ..foundations.batches import Batches
from .cores import on_every_core

BATCH = {"cpu": 32, "cuda": 512}


def orders(
    network: nn.Module,
    images: torch.Tensor,
    fill: torch.Tensor,
    targets: torch.Tensor,
    inside: torch.Tensor,
    count: int,
) -> torch.Tensor:
    """The pixels in the order in which they are masked, int64 [n, h * w].

    Args:
        network: in evaluation mode, without gradients of its own.
        images, fill: [n, channels, h, w]; the values of pixels, and their values once they are masked.
        targets: int64 [n].
        inside: bool [n, h * w]; pixels outside are masked before all others.
        count: how many pixels are masked in a step.

    Raises:
        ValueError: the network lets no gradient through, or it is NaN.
    """

    batches = Batches(BATCH.get(images.device.type, BATCH["cuda"]))

    def work(some: torch.Tensor) -> torch.Tensor:
        # Gradients may be disabled by the caller; tensors made in inference mode are copied.
        with torch.inference_mode(False), torch.enable_grad():
            parts = (tensor.index_select(0, some).clone() for tensor in (images, fill, targets, inside))
            return _orders(network, *parts, count)

    numbers = torch.arange(len(images), device=images.device)
    size = min(batches.size, -(-len(images) // torch.get_num_threads())) if images.device.type == "cpu" else len(images)
    return torch.cat(on_every_core(lambda some: batches.run(work, some), list(numbers.split(size)), images.device))


def _orders(
    network: nn.Module,
    images: torch.Tensor,
    fill: torch.Tensor,
    targets: torch.Tensor,
    inside: torch.Tensor,
    count: int,
) -> torch.Tensor:
    n, pixels = inside.shape
    order = torch.zeros(n, pixels + count, dtype=torch.int64, device=images.device)
    order[:, :pixels] = inside.int().argsort(dim=1, stable=True)  # those outside first, ascending
    done, mask = (~inside).sum(1, keepdim=True), (~inside).float()
    steps = -(-int(inside.sum(1).max()) // count)
    invalid = torch.zeros((), dtype=torch.bool, device=images.device)
    places = torch.arange(count, device=images.device)
    for _ in range(steps):
        mask.requires_grad_()
        shown = mask.view(n, 1, *images.shape[2:])
        confidence = network(images * (1 - shown) + fill * shown).softmax(1).gather(1, targets[:, None])
        if not confidence.requires_grad:
            raise ValueError(
                "network: got outputs without a gradient, expected a network whose forward pass can be differentiated; "
                'take it out of torch.no_grad or torch.inference_mode, or choose search="exact"'
            )
        (gradient,) = torch.autograd.grad(confidence.sum(), mask)
        invalid |= gradient.isnan().any()
        left = gradient.masked_fill(mask.detach() > 0, -torch.inf)
        best = left.sort(dim=1, descending=True, stable=True).indices[:, :count]
        mask = mask.detach().scatter(1, best, 1.0)
        # An image with fewer pixels left chooses some of them again; these are written after the end of the order.
        order.scatter_(1, done + places[: best.shape[1]], best)
        done = (done + count).clamp(max=pixels)
    if invalid:
        raise ValueError("network: got gradients that are NaN for masked images, expected numbers")
    return order[:, :pixels]
