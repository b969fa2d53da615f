"""The training loop: SGD on images that lie on the device, augmented there, with pruned weights held at zero."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from .. import data, pruning
from .recipes import Recipe


class Diverged(FloatingPointError):
    """The loss is no longer finite."""


def train(
    network: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    seed: int,
    dataset: str = "cifar10",
    masks: pruning.Masks | None = None,
    on_step: Callable[[int, dict | None], None] | None = None,
) -> list[dict]:
    """Train ``network`` in place and return one record per epoch: ``epoch``, ``loss``, ``error``, ``learning_rate``.

    Args:
        network: on the device of the images.
        images: uint8 [n, 3, h, w].
        labels: int64 [n].
        recipe: epochs, batch size, learning rates (Table 3).
        seed: of the order of the images and of the augmentation; the same seed on the same CPU repeats bitwise.
        dataset: whose constants normalise the images.
        masks: pruned weights stay exactly zero throughout (Algorithm 1, line 6: training of c ⊙ θ).
        on_step: called after every step with the number of images seen in it, and the record at an epoch's end.

    Raises:
        Diverged: the mean loss of an epoch is not finite; names the epoch and the learning rate.
    """
    # Images come channels-last out of the augmentation where that is faster; the weights should match.
    network.to(memory_format=torch.channels_last).train()
    if masks is not None:
        pruning.apply(network, masks)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    # One generator on the CPU draws for every device, so that the data order does not depend on it.
    generator = torch.Generator().manual_seed(seed)
    count = len(images)
    steps_per_epoch = math.ceil(count / recipe.batch_size)
    history = []
    for epoch in range(recipe.epochs):
        order = torch.randperm(count, generator=generator).to(images.device)
        loss_sum = torch.zeros((), dtype=torch.float64, device=images.device)
        wrong = torch.zeros((), dtype=torch.int64, device=images.device)
        for step in range(steps_per_epoch):
            rate = recipe.learning_rate_at(epoch * steps_per_epoch + step, steps_per_epoch)
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            inputs = data.normalize(data.pad_crop_flip(images[batch], generator), dataset)
            logits = network(inputs.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if masks is not None:
                pruning.apply(network, masks)
            loss_sum += loss.detach() * len(batch)
            wrong += (logits.detach().argmax(1) != labels[batch]).sum()
            if on_step is not None and step < steps_per_epoch - 1:
                on_step(len(batch), None)
        record = {
            "epoch": epoch + 1,
            "loss": loss_sum.item() / count,
            "error": wrong.item() / count,
            "learning_rate": rate,
        }
        if not math.isfinite(record["loss"]):
            raise Diverged(
                f"training: the loss became {record['loss']} in epoch {epoch + 1} of {recipe.epochs} at learning rate "
                f"{rate:g}; the last finished cycle is kept. A smaller learning rate or a longer warm-up helps."
            )
        history.append(record)
        if on_step is not None:
            on_step(len(batch), record)
    network.eval()
    return history
