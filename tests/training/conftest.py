from __future__ import annotations

import pytest
import torch

from lostprune import data


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    split = data.load("cifar10", "train")
    return split.images[:80], split.labels[:80]  # at batch size 32 two whole batches and a smaller one
