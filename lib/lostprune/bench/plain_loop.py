"""The plain training loop in a process of its own: for every line on its standard input it times some steps."""

from __future__ import annotations

import subprocess
import sys
import time

import torch

from .. import data, networks
from ..foundations.device import default_device
from . import report

WARM_UP = 3  # steps that are not timed


class PlainLoop:
    """Starts the process, asks it for figures, ends it."""

    def __init__(self, network: str, images: int, steps: int):
        self.command = [sys.executable, "-m", __name__, network, str(images), str(steps)]

    def __enter__(self) -> PlainLoop:
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def images_per_second(self) -> float:
        """Of the next steps.

        Raises:
            BenchError: the process has ended; its own error is on the standard error.
        """
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return float(self.process.stdout.readline())
        except (OSError, ValueError) as error:
            raise report.BenchError("bench train: the plain loop ended early; the reason stands above") from error

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def main(network: str, images: int, steps: int) -> None:
    """Answer every line with the images per second of the next ``steps`` steps of the plain loop."""
    device, recipe = default_device(), networks.recipe_for(network)
    split = data.load("cifar10", "train")
    torch.manual_seed(0)
    net = networks.build(network).to(device)
    # The transforms are those of the CPU's images; each batch goes to the device, as in any plain loop.
    loop = report.reference("training").steps(net, split.images[:images], split.labels[:images], recipe, device)
    for _ in range(WARM_UP):
        next(loop)
    for _ in sys.stdin:
        started = time.perf_counter()
        seen = sum(next(loop) for _ in range(steps))
        print(seen / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
