"""How training does beside one busy program: on all threads, against one thread."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import torch

from . import report

# Ends with the process that started it, however that ends.
_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"


class BusyNeighbour:
    """A process that keeps one core busy while the ``with`` block runs."""

    def __enter__(self) -> BusyNeighbour:
        self.process = subprocess.Popen([sys.executable, "-c", _BUSY])
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def measure(call: Callable[[], object], device: torch.device, rounds: int) -> dict:
    """Time ``call`` beside a busy neighbour, on this process's threads and on one of them, in turn.

    Returns:
        ``beside_seconds`` and ``one_thread_seconds``, and ``beside_over_one_thread``, the ratio of each pair: below 1,
        several threads are of use even then. Each is a ``spread``.
    """
    threads = torch.get_num_threads()

    def on(count: int) -> float:
        torch.set_num_threads(count)
        return report.seconds_of(call, device)

    try:
        with BusyNeighbour():
            pairs = [(on(threads), on(1)) for _ in range(rounds + 1)][1:]  # the first is not timed
    finally:
        torch.set_num_threads(threads)
    return {
        "beside_seconds": report.spread([all_threads for all_threads, _ in pairs]),
        "one_thread_seconds": report.spread([one for _, one in pairs]),
        "beside_over_one_thread": report.spread([all_threads / one for all_threads, one in pairs]),
    }


def in_words(measured: dict) -> str:
    """One line for a reader."""
    seconds = {name: report.in_words(measured[name], digits=2) for name in ("beside_seconds", "one_thread_seconds")}
    return (
        f"beside a busy program: {seconds['beside_seconds']} s on {measured['threads']} threads, "
        f"{seconds['one_thread_seconds']} s on one; "
        f"{report.in_words(measured['beside_over_one_thread'], digits=2)} times one thread's time"
    )
