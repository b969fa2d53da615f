"""Work in pieces that fit: into a core's cache or a GPU's memory; on a CPU every core works on its own images."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

log = logging.getLogger("lostprune")
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


class Batches:
    """Batches of a size that is halved when memory does not hold one; nothing is lost.

    Args:
        size: the largest batch.
        multiple: batches have a multiple of it where memory allows: oneDNN compiles code for every size.
    """

    def __init__(self, size: int, multiple: int = 1):
        self.size, self.multiple = size, multiple

    def run(self, work: Callable[[torch.Tensor], torch.Tensor], items: torch.Tensor) -> torch.Tensor:
        """The results of ``work`` for items, int64 [n]: [n, ...].

        Raises:
            torch.OutOfMemoryError: the device cannot hold a batch of one.
        """
        try:
            return torch.cat([self._whole(work, some) for some in items.split(self.size)])
        except torch.OutOfMemoryError:
            if min(self.size, len(items)) == 1:
                raise
            self.size = min(self.size, len(items)) // 2
        if items.device.type == "cuda":
            torch.cuda.empty_cache()
        log.warning("%s: batches of %d, because more do not fit into memory", items.device, self.size)
        return self.run(work, items)

    def _whole(self, work: Callable[[torch.Tensor], torch.Tensor], items: torch.Tensor) -> torch.Tensor:
        missing = -len(items) % min(self.multiple, self.size)
        return work(torch.cat([items, items[-1:].expand(missing)]))[: len(items)]
