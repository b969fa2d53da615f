"""What a worker does: one job, watched, with nobody else at it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from .. import prune_retrain, runner, store
from ..progress import Progress, Stopped, watched_by
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
        with contextlib.ExitStack() as claims, watched_by(watch):
            free = [work for work in job.works if _claim(claims, folder, work)]
            device = runner.default_device()
            if job.parts and free:
                runner.run(job.study, *job.parts, store=folder)
            elif free:
                chains = [chain for chain in job.chains if runner.chain_name(job.study, chain) in free]
                cells = [cell for cell in job.cells if cell[:2] in chains]
                with Progress(prune_retrain.images_to_train(job.study, cells), job.title) as bar:
                    prune_retrain.run_chains(job.study, chains, folder, device, bar)
            if len(free) < len(job.works):
                return CLAIMED, "another process is at it"
            return FINISHED, prune_retrain.provenance(device)["device"]
    except Stopped as why:
        return STOPPED, str(why)
    finally:
        watch.close()


def _claim(claims: contextlib.ExitStack, folder: Path, work: str) -> bool:
    try:
        claims.enter_context(store.claim(store.lock_file(folder, work), wait=False))
        return True
    except store.Claimed:
        return False
