"""Work in batches that fit: into a core's cache or a GPU's memory."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch

log = logging.getLogger("lostprune")


class Batches:
    """Batches of a size that is halved when memory does not hold one; nothing is lost.

    Args:
        size: the largest batch.
        multiple: batches of numbers have a multiple of it where memory allows: oneDNN compiles code for every size.
    """

    def __init__(self, size: int, multiple: int = 1):
        self.size, self.multiple = size, multiple

    def run(self, work: Callable[[torch.Tensor], torch.Tensor], items: torch.Tensor) -> torch.Tensor:
        """The results of ``work`` for items [n, ...], such as images or their numbers: [n, ...].

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
        return work(torch.cat([items, items[-1:].expand(missing)]))[: len(items)] if missing else work(items)
