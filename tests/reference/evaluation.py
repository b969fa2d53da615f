"""The plain evaluation: a DataLoader, torchvision's transforms, eager float32, one network after another."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from lostprune import data

BATCH = 128


class TestSet(Dataset):
    """Images as torchvision has them: each goes through the transforms whenever it is taken."""

    __test__ = False

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, dataset: str = "cifar10"):
        facts = data.DATASETS[dataset]
        self.images, self.labels = images.permute(0, 2, 3, 1).numpy(), labels
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(facts.mean, facts.std)])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), int(self.labels[index])


@torch.no_grad()
def wrong(
    networks: Iterable[nn.Module], images: torch.Tensor, labels: torch.Tensor, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Which images uint8 [n, 3, h, w] each network misclassifies: bool [networks, n]."""
    loader = DataLoader(TestSet(images, labels), batch_size=BATCH)
    rows = []
    for network in networks:
        network.eval()
        batches = [network(inputs.to(device)).argmax(1).cpu() != expected for inputs, expected in loader]
        rows.append(torch.cat(batches))
    return torch.stack(rows)
