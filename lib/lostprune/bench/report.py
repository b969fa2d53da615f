"""What every benchmark shares: fair timing, the plain version to compare with, and the facts to judge a figure by."""

from __future__ import annotations

import importlib
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch

from ..foundations.device import provenance

TESTS = Path(__file__).resolve().parents[3] / "tests"


class BenchError(RuntimeError):
    """A benchmark cannot be run here; the message says why and what to do."""


def reference(name: str) -> ModuleType:
    """The plain version that a fast one is compared with: ``tests/reference/NAME.py`` of the checkout.

    Raises:
        BenchError: the library was installed without its checkout.
    """
    path = TESTS / "reference" / f"{name}.py"
    if not path.is_file():
        raise BenchError(
            f"bench: got no {path}, expected the checkout that has it: what is measured is compared with the plain "
            "versions among the tests; clone the repository and install it with pip install -e ."
        )
    if str(TESTS) not in sys.path:  # references import one another as ``reference.name``
        sys.path.insert(0, str(TESTS))
    return importlib.import_module(f"reference.{name}")


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """Wall time of one call, the work it left to the device included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def spread(values: list[float]) -> dict[str, float | int]:
    """Median and range: one slow run, when other programs want the machine, moves neither much."""
    return {"median": statistics.median(values), "smallest": min(values), "largest": max(values), "runs": len(values)}


def alternate(
    fast: Callable[[], object], plain: Callable[[], object], device: torch.device, runs: int
) -> dict[str, dict]:
    """Time two calls in turn, after one of each that is not timed: a machine that gets slower slows both.

    Returns:
        ``seconds`` (of the fast call), ``plain_seconds`` and ``ratio``, plain over fast of each pair; all ``spread``.
    """
    pairs = [(seconds_of(fast, device), seconds_of(plain, device)) for _ in range(runs + 1)][1:]
    return {
        "seconds": spread([one for one, _ in pairs]),
        "plain_seconds": spread([other for _, other in pairs]),
        "ratio": spread([other / one for one, other in pairs]),
    }


def facts(benchmark: str, device: torch.device) -> dict[str, str | int]:
    """What a figure was measured on, and with which versions."""
    return {
        "benchmark": benchmark,
        **provenance(device),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    """The processor's name; Linux tells it in a file alone."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def in_words(measured: dict[str, float | int], factor: float = 1.0, digits: int = 1) -> str:
    """A ``spread`` as ``median (smallest–largest)``, times ``factor``."""
    values = (f"{factor * measured[name]:,.{digits}f}" for name in ("median", "smallest", "largest"))
    return "{} ({}–{})".format(*values)
