"""Every trained network on every test distribution: each distribution is made once and shown to all networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import nn

from . import corruptions, data
from .study import Study

SEVERITY = 3  # of the corruptions, out of 5 (Section 5.1)
BATCH = 100  # larger batches fall out of a CPU's cache


def test_size(study: Study) -> int:
    """How many test images the study's scale uses."""
    whole = len(data.load(study.dataset, "test").labels)
    return min(study.scale.test_images or whole, whole)


def test_part(study: Study, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The test images uint8 [n, 3, h, w] and labels int64 [n] of the study's scale."""
    split = data.load(study.dataset, "test")
    count = test_size(study)
    return split.images[:count].to(device), split.labels[:count].to(device)


def distributions(study: Study) -> tuple[str, ...]:
    """Names of the test distributions of part ``shift``: the nominal test set, named like the data set, comes first."""
    return (study.dataset, *(study.scale.corruptions or corruptions.NAMES))


def shifted(images: torch.Tensor, distribution: str, study: Study) -> torch.Tensor:
    """The test images under one distribution: uint8 [n, 3, h, w] -> uint8 [n, 3, h, w]."""
    if distribution == study.dataset:
        return images
    generator = torch.Generator().manual_seed(study.seed_for("corruption", distribution))
    return corruptions.corrupt(images, distribution, SEVERITY, "cifar10-c", generator)


def noisy(inputs: torch.Tensor, level: float, seed: int) -> torch.Tensor:
    """Inputs plus uniform noise from [-level, level] per value, in normalised space, not clipped (Section 4.1)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(inputs.shape, generator=generator).to(inputs.device)
    return inputs + (2 * noise - 1) * level


@torch.inference_mode()
def predict(
    networks: Iterable[nn.Module], inputs: torch.Tensor, on_step: Callable[[int], None] | None = None
) -> torch.Tensor:
    """Logits float32 [networks, n, classes] of network inputs float32 [n, 3, h, w].

    The networks are put into evaluation mode. ``on_step`` is called with the number of images each one has seen.
    """
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    logits = []
    for network in networks:
        network.to(memory_format=torch.channels_last).eval()
        logits.append(torch.cat([network(batch) for batch in inputs.split(BATCH)]))
        if on_step is not None:
            on_step(len(inputs))
    return torch.stack(logits)


def error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Fraction of wrong predictions, float64 [networks], of logits [networks, n, classes]."""
    return (logits.argmax(-1) != labels).double().mean(-1)


def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy, float64 [networks], of logits [networks, n, classes]."""
    return torch.stack([F.cross_entropy(one.double(), labels) for one in logits])


def matching_predictions(logits: torch.Tensor, parent: torch.Tensor) -> torch.Tensor:
    """Fraction of images on which two networks predict the same (Section 4.1), of logits [n, classes] each."""
    return (logits.argmax(-1) == parent.argmax(-1)).double().mean()


def softmax_distance(logits: torch.Tensor, parent: torch.Tensor) -> torch.Tensor:
    """Mean Euclidean distance between the softmax outputs of two networks, of logits [n, classes] each."""
    return (logits.double().softmax(-1) - parent.double().softmax(-1)).norm(dim=-1).mean()
