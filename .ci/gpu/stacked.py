"""A candidate for training networks together on a GPU: their weights stacked, one step for all through torch.func.

Prints one JSON object with the images per second of all networks, to compare with ``lostprune bench train``, which
runs one CUDA graph per network on a stream of its own. Whichever is slower on the GPU goes.
"""

from __future__ import annotations

import argparse
import json

import torch
import torch.nn.functional as F
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from lostprune import networks
from lostprune.bench import report


class Stacked:
    """``count`` networks of one architecture as one set of stacked parameters, with SGD's momentum beside it."""

    def __init__(self, name: str, count: int, device: torch.device, bfloat16: bool):
        models = []
        for seed in range(count):
            torch.manual_seed(seed)
            models.append(networks.build(name).to(device, memory_format=torch.channels_last).train())
        self.parameters, self.buffers = stack_module_state(models)
        self.parameters = {name: value.detach() for name, value in self.parameters.items()}
        self.momentum = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.model, self.recipe = models[0], networks.recipe_for(name)

        def loss_of(parameters: dict, buffers: dict, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                logits = functional_call(self.model, (parameters, buffers), (inputs,))
            return F.cross_entropy(logits.float(), labels)

        self.gradients = vmap(grad_and_value(loss_of), randomness="different")

    def step(self, inputs: torch.Tensor, labels: torch.Tensor, rate: float) -> torch.Tensor:
        """One step of all: inputs [networks, batch, 3, h, w], labels [networks, batch]; the losses [networks]."""
        gradients, losses = self.gradients(self.parameters, self.buffers, inputs, labels)
        weights, momenta = list(self.parameters.values()), list(self.momentum.values())
        slopes = torch._foreach_add(list(gradients.values()), weights, alpha=self.recipe.weight_decay)
        torch._foreach_mul_(momenta, self.recipe.momentum)
        torch._foreach_add_(momenta, slopes)
        torch._foreach_add_(weights, momenta, alpha=-rate)
        return losses


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--network", default="resnet20")
    arguments.add_argument("--together", type=int, default=12)
    arguments.add_argument("--steps", type=int, default=100)
    asked = arguments.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # A CPU has no stacked batch norm of mixed types.
    stacked = Stacked(asked.network, asked.together, device, bfloat16=device.type == "cuda")
    batch = stacked.recipe.batch_size
    inputs = torch.randn(asked.together, batch, 3, 32, 32, device=device)
    labels = torch.randint(10, (asked.together, batch), device=device)

    def one_step() -> None:
        stacked.step(inputs, labels, rate=1e-3)

    for _ in range(3):
        one_step()
    call = one_step
    if device.type == "cuda":  # as the engine does it: without the host
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            one_step()
        call = graph.replay
    seconds = report.seconds_of(lambda: [call() for _ in range(asked.steps)], device)
    rate = asked.together * batch * asked.steps / seconds
    print(json.dumps({"network": asked.network, "together": asked.together, "images_per_second": rate}))


if __name__ == "__main__":
    main()
