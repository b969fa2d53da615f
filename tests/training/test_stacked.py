"""The candidate for training together that the GPU is to judge: it must do the same, or its time says nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

from lostprune import networks
from reference import training as reference

SCRIPT = Path(__file__).parents[2] / ".ci" / "gpu" / "stacked.py"


def test_a_stacked_step_is_a_step_of_each():
    spec = importlib.util.spec_from_file_location("stacked", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    stacked = script.Stacked("resnet20", 2, torch.device("cpu"), bfloat16=False)
    torch.manual_seed(5)
    inputs, labels = torch.randn(2, 8, 3, 32, 32), torch.randint(10, (2, 8))
    losses = [stacked.step(inputs, labels, rate=0.1) for _ in range(2)]
    for i in range(2):
        torch.manual_seed(i)
        network = networks.build("resnet20").train()
        optimizer = reference.sgd(network, stacked.recipe)
        for loss in losses:
            assert abs(reference.step(network, optimizer, inputs[i], labels[i]) - loss[i].item()) < 1e-3
        for name, value in network.state_dict().items():
            ours = (stacked.parameters | stacked.buffers)[name][i]
            torch.testing.assert_close(ours, value, rtol=1e-2, atol=1e-3)
