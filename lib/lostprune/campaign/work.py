"""What a worker does: one job, watched, that no other process works on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .. import runner
from ..foundations.device import default_device, provenance
from ..foundations.imports import import_all
from ..foundations.progress import Progress, Stopped, watched_by
from ..prune_retrain import Checkpoints
from .jobs import Job
from .watch import Watch

FINISHED, STOPPED, CLAIMED = "finished", "stopped", "claimed"


@dataclass(frozen=True)
class Order:
    """A job, and all that a worker on another machine must know about it.

    Attributes:
        folder: the store, under the same path everywhere.
        device: such as ``"cuda:1"``; ``None`` lets the worker choose (``LOSTPRUNE_DEVICE``, CUDA, CPU).
        ticket, seconds_left, piece_seconds: see :class:`Watch`.
        keep_weights: see :func:`runner.complete`.
        imports: code that registers networks, data sets and methods; see :func:`import_all`.
    """

    job: Job
    folder: Path
    device: str | None
    ticket: Path
    seconds_left: float | None
    piece_seconds: float | None
    keep_weights: str = "all"
    imports: tuple[str, ...] = ()


def do(order: Order) -> tuple[str, str]:
    """Do a job; ``finished`` and on what device, ``stopped`` and why, or ``claimed``: another process works on it.

    Raises:
        ImportError: the code that registers something is not there, or fails.
        training.Diverged, ValueError, OSError: of the work itself.
    """
    job, folder = order.job, order.folder
    import_all(order.imports)
    if order.device:
        os.environ["LOSTPRUNE_DEVICE"] = order.device
    watch = Watch(job.note(folder), order.ticket, order.seconds_left, order.piece_seconds)
    try:
        with watched_by(watch):
            device, checkpoints = default_device(), Checkpoints(job.study, folder)
            with Progress(runner.passes_left(checkpoints, job.missing), job.title) as bar:
                left = runner.complete(checkpoints, job.missing, device, bar, False, order.keep_weights)
            return (CLAIMED, "another process works on it") if left else (FINISHED, provenance(device)["device"])
    except Stopped as why:
        return STOPPED, str(why)
    finally:
        watch.close()
