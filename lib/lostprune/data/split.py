"""The paper's division of the training images: training, validation, and the samples S of SiPP and PFP."""

from __future__ import annotations

import torch

VALIDATION_FRACTION = 10  # one image in ten


def split_training(n: int, seed: int, samples: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Divide ``n`` training images at random.

    A tenth is the validation part. The samples S, from which the data-informed methods compute their sensitivities,
    are taken out of it: at most half of it, so that CIFAR-10 gives 45,000 / 5,000 - ``|S|`` / ``|S|``.

    Args:
        n: number of images.
        seed: the same seed gives the same division; more samples extend the samples that fewer give.
        samples: how many samples are asked for.

    Returns:
        training, validation and sample indices, int64, disjoint, together all of ``range(n)``.
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    validation = n // VALIDATION_FRACTION
    samples = min(samples, validation // 2)
    return order[validation:], order[samples:validation], order[:samples]
