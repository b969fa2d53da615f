"""What the original code (lucaslie/torchprune at 14b392c) computed for a ResNet20 of three epochs on CIFAR-10."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from lostprune import data, networks, pruning

FOLDER = Path(__file__).parent / "golden"


class Original(NamedTuple):
    network: nn.Module
    samples: torch.Tensor
    facts: dict[str, np.ndarray]

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """In the order of the layers, which is that of all concatenated facts."""
        return {name: parameter for name, parameter in self.network.named_parameters() if parameter.dim() > 1}

    def budget(self, keep_ratio: float) -> int:
        """How many conv and fc weights the original first tries to keep."""
        everything = sum(parameter.numel() for parameter in self.network.parameters())
        return int(keep_ratio * everything) - (everything - sum(weight.numel() for weight in self.weights.values()))

    def kept(self, method: str, keep_ratio: float, sizes: list[int]) -> list[np.ndarray]:
        """A method's selection, per layer: flat, over weights, filters or input channels."""
        bits = np.unpackbits(self.facts[f"{method}/{keep_ratio}"])[: sum(sizes)].astype(bool)
        return np.split(bits, np.cumsum(sizes)[:-1])


@pytest.fixture(scope="session")
def original() -> Original:
    network = networks.build("resnet20")
    with np.load(FOLDER / "network.npz") as state:
        network.load_state_dict({name: torch.from_numpy(state[name]) for name in state})
    with np.load(FOLDER / "original.npz") as facts:
        facts = {name: facts[name] for name in facts}
    samples = data.normalize(torch.from_numpy(facts["samples"]), "cifar10")
    return Original(network.eval(), samples, facts)


@pytest.fixture(scope="session")
def original_scores(original) -> dict[str, dict[str, torch.Tensor]]:
    return {method: pruning.scores(original.network, method, original.samples) for method in pruning.METHODS}
