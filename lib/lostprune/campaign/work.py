"""What a worker does: one job, watched, with nobody else at it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from .. import prune_retrain, runner
from ..foundations import store
from ..foundations.device import default_device, provenance
from ..foundations.progress import Progress, Stopped, watched_by
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
    """

    job: Job
    folder: Path
    device: str | None
    ticket: Path
    seconds_left: float | None
    piece_seconds: float | None


def do(order: Order) -> tuple[str, str]:
    """Do a job; ``finished`` and on what device, ``stopped`` and why, or ``claimed``: another process is at it.

    Raises:
        training.Diverged, ValueError, OSError: of the work itself.
    """
    job, folder = order.job, order.folder
    if order.device:
        os.environ["LOSTPRUNE_DEVICE"] = order.device
    watch = Watch(job.note(folder), order.ticket, order.seconds_left, order.piece_seconds)
    try:
        with watched_by(watch):
            device = default_device()
            if job.parts:
                with contextlib.suppress(store.Claimed), store.claim(store.lock_file(folder, job.name), wait=False):
                    runner.run(job.study, *job.parts, store=folder)
                    return FINISHED, provenance(device)["device"]
                return CLAIMED, "another process is at it"
            with Progress(prune_retrain.images_to_train(job.study, list(job.cells)), job.title) as bar:
                left = prune_retrain.train_chains(job.study, list(job.chains), folder, device, bar, wait=False)
            return (CLAIMED, "another process is at it") if left else (FINISHED, provenance(device)["device"])
    except Stopped as why:
        return STOPPED, str(why)
    finally:
        watch.close()
