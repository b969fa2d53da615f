"""On a CPU every core works on its own images."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Piece = TypeVar("Piece")


def on_every_core(
    work: Callable[[Piece], torch.Tensor], pieces: list[Piece], device: torch.device
) -> list[torch.Tensor]:
    """The result of ``work`` for each piece. On a CPU several run at once and share torch's threads."""
    threads = torch.get_num_threads()
    workers = min(threads, len(pieces)) if device.type == "cpu" else 1
    if workers == 1:
        return list(map(work, pieces))
    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(threads // workers)) as pool:
            return list(pool.map(work, pieces))
    finally:
        torch.set_num_threads(threads)  # the last setting of any thread applies to new threads
