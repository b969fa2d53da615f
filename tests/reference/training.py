"""The plain training loop: DataLoader, torchvision transforms one image at a time, eager float32, torch's own SGD."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)


class Images(Dataset):
    """Augmented and normalised training images: uint8 [n, 3, h, w] in, float32 [3, h, w] out."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor):
        self.pixels, self.labels = images.permute(0, 2, 3, 1).contiguous().numpy(), labels.tolist()
        self.transform = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.Pad(4),
                transforms.RandomCrop(images.shape[-1]),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pixels[i]), self.labels[i]


def step(network: nn.Module, optimizer: torch.optim.Optimizer, inputs: torch.Tensor, labels: torch.Tensor) -> float:
    """One step of SGD; the loss before it."""
    loss = cross_entropy(network(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def sgd(network: nn.Module, recipe) -> torch.optim.SGD:
    return torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
    )


def steps(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, recipe, device="cpu") -> Iterator[int]:
    """Epoch after epoch of a network on ``device``; yields the number of images of each step once it is done."""
    network.train()
    optimizer = sgd(network, recipe)
    loader = DataLoader(Images(images, labels), recipe.batch_size, shuffle=True)
    done, per_epoch = 0, math.ceil(len(images) / recipe.batch_size)
    for _ in range(recipe.epochs):
        for inputs, targets in loader:
            optimizer.param_groups[0]["lr"] = recipe.learning_rate_at(done, per_epoch)
            step(network, optimizer, inputs.to(device), targets.to(device))
            done += 1
            yield len(targets)
