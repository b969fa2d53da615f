"""Threads on a processor that is shared: how long they wait actively, and how many there are.

OpenMP's threads wait for each other after every layer. GNU's runtime lets them spin 300,000 times before they sleep:
beside a busy program they spin away the time that the thread they wait for would need (a training step of ResNet20 on
two cores took 3.9 s instead of 0.7 s on one thread). The runtime reads its settings once, when torch loads it.

This module is imported before torch and imports nothing that loads it.
"""

from __future__ import annotations

import functools
import logging
import os
import statistics
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path

log = logging.getLogger("lostprune")
# Long enough for threads that are all running, short enough beside a busy program. A training step of ResNet20 on two
# cores took 1.05 times the default's time when idle (23 processes each that took turns; single ones differ by 20 %),
# and 1.20 times one thread's beside a busy program (4 each). libgomp reads the first (spins), LLVM's runtime, which
# torch has on macOS, the second (milliseconds).
SETTINGS = {"GOMP_SPINCOUNT": "6000", "KMP_BLOCKTIME": "1"}
OF_THE_USER = ("OMP_WAIT_POLICY", *SETTINGS)  # any of them says how threads wait
too_late = False  # whether torch was there before the settings, and they were not the user's


def set_policy(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set how this process and those that it starts wait, and take no more threads than its cgroups' quota gives.

    What the user has set stays. Where torch was imported before, see :func:`settle`.
    """
    global too_late
    loaded = sys.modules.get("torch")
    number_given = "OMP_NUM_THREADS" in environment
    if not any(name in environment for name in OF_THE_USER):
        environment.update(SETTINGS)
        too_late = loaded is not None and not number_given
    if not number_given and cores() < _visible_cores():
        environment["OMP_NUM_THREADS"] = str(cores())
        if loaded is not None:
            loaded.set_num_threads(min(cores(), loaded.get_num_threads()))


@functools.cache
def settle() -> None:
    """Where torch was imported before lostprune: find out whether one thread is faster than all, and take it then.

    It takes about a second, once in a process, and does nothing where the policy was set in time.
    """
    if not too_late:
        return
    import torch  # it is loaded

    threads = torch.get_num_threads()
    if threads == 1:
        return
    together, alone = _step_seconds(threads)
    chosen = threads if together <= alone else 1
    torch.set_num_threads(chosen)
    log.warning(
        "torch was imported before lostprune, too late to set how its threads wait: training takes %d of %d threads, "
        "since a step takes %.0f ms on %d and %.0f ms on one. Import lostprune first, or set OMP_WAIT_POLICY=passive.",
        chosen,
        threads,
        1000 * together,
        threads,
        1000 * alone,
    )


def cores() -> int:
    """How many threads can run at once: the cores of this process, or fewer where a cgroup's quota gives less."""
    limit = quota()
    return _visible_cores() if limit is None else max(1, min(_visible_cores(), int(limit)))


def threads_for_each(processes: int) -> int:
    """How many threads each of some processes takes that run at once; no more than the user's ``OMP_NUM_THREADS``."""
    share, asked = max(1, cores() // processes), os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(asked)) if asked.isdigit() else share


def quota(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Cores that the cgroups of this process allow it on average, of version 1 or 2; ``None`` without a limit.

    Args:
        groups: lines ``number:controllers:path``; version 2 has no controllers there.
        mounted: the folder with the control files; in a container its root is the container's own group.
    """
    limits = []
    for line in groups.read_text().splitlines() if groups.is_file() else []:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mounted / controllers
        own = root / path.lstrip("/")
        limits += [_limit(folder) for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return min((limit for limit in limits if limit is not None), default=None)


def _limit(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").is_file():
            allowed, period = (folder / "cpu.max").read_text().split()
        else:
            allowed, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(allowed) / int(period) if int(allowed) > 0 else None
    except (OSError, ValueError):  # no such group here, or "max"
        return None


def _visible_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _step_seconds(threads: int) -> tuple[float, float]:
    """Median seconds of something like a training step on all threads and on one, in turn."""
    import torch
    import torch.nn.functional as F

    images, weight = torch.randn(32, 16, 32, 32), torch.randn(16, 16, 3, 3, requires_grad=True)
    seconds: dict[int, list[float]] = {threads: [], 1: []}
    for _ in range(6):
        for count, times in seconds.items():
            torch.set_num_threads(count)
            started = time.perf_counter()
            outputs = images
            for _ in range(4):
                outputs = F.relu(F.conv2d(outputs, weight, padding=1))
            outputs.sum().backward()
            times.append(time.perf_counter() - started)
    return statistics.median(seconds[threads][1:]), statistics.median(seconds[1][1:])
