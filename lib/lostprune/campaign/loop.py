"""The loop that gives jobs to workers until nothing is left, or the time is up."""

from __future__ import annotations

import errno
import math
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .. import data, prune_retrain, results, runner
from ..foundations import store
from ..foundations.choices import check_choice
from ..foundations.device import default_device, provenance
from ..foundations.imports import IMPORTED
from ..foundations.progress import LOG_EVERY, Stopped
from ..measurement.registry import PARTS
from ..prune_retrain import Checkpoints
from ..results import beside
from ..study import Study
from . import executors, signals
from .board import Board
from .jobs import Job, drop_measured, label, plan
from .pace import Pace
from .work import CLAIMED, FINISHED, Order, do

AGAIN = 5.0  # seconds until a job that another process has is asked for again
FAREWELL = 5.0  # seconds that workers are given to stop by themselves
MARGIN = 1.2  # what work may take over its estimate
NOTHING_CAN_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass
class Summary:
    """What a campaign came to.

    Attributes:
        left: the jobs that are not finished, in order.
        failed: error messages by the title of the job or the label of the study.
        stopped: why it left early; empty if it did not.
        signal: the number of the signal that stopped it, else 0.
    """

    left: list[Job] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    signal: int = 0


def run(
    studies: list[Study],
    parts: tuple[str, ...] = ("curves", "shift", "noise"),
    *,
    store_folder: str | os.PathLike | None = None,
    device: str | None = None,
    seconds: float | None = None,
    workers: executors.Workers | None = None,
    say: Callable[[str], None] = print,
    repetition: int | None = None,
    keep_weights: str = "all",
) -> Summary:
    """Run what is missing of the studies, and stop in time. Called again, it resumes.

    An error in one study does not keep the others from being run. While it runs in the main thread of a process,
    Ctrl-C and SIGTERM make it save and leave; a second Ctrl-C makes it leave at once.

    Args:
        studies: in the order of their importance.
        parts: which parts of their results, see :func:`lostprune.run`.
        store_folder: see :func:`lostprune.foundations.store.store_folder`.
        device: the device of this machine or, with workers, of each worker.
        seconds: the time limit from now on. Work that is known not to fit does not start; what is lost at the limit
            is the epoch, or the distribution, that is in flight, and nothing else.
        workers: an executor from :func:`lostprune.campaign.executors.open_executor`; ``None`` runs serially.
        say: called with the lines that stay when the progress display is gone.
        repetition: only this one, counted from 0; ``None`` for all.
        keep_weights: ``"all"``, or ``"last"`` to drop the weights of each chain whose results are complete.

    Raises:
        OSError: the store cannot be written, or the disk is full. What was finished is kept.
    """
    folder = store.store_folder(store_folder)
    workers = workers or executors.Workers(executors.SerialExecutor(), 1)
    limit = None if seconds is None else time.monotonic() + seconds
    check_choice("keep_weights", keep_weights, runner.KEEP_WEIGHTS)
    campaign = _Campaign(studies, parts, folder, device, limit, workers, say, repetition, keep_weights)
    with signals.leaving(campaign.leave, seconds):
        try:
            campaign.begin()
            campaign.work_on()
        except Stopped as why:
            campaign.summary.stopped = campaign.summary.stopped or str(why)
        finally:
            campaign.end()
    return campaign.summary


@dataclass
class _Campaign:
    studies: list[Study]
    parts: tuple[str, ...]
    folder: Path
    device: str | None
    limit: float | None
    workers: executors.Workers
    say: Callable[[str], None]
    repetition: int | None
    keep_weights: str
    summary: Summary = field(default_factory=Summary)
    running: dict[Future, Job] = field(default_factory=dict)
    failed_works: set[str] = field(default_factory=set)
    asked_to_leave: bool = False
    ends: bool = False
    measured_on: str = ""  # the device whose pace counts
    # By name: when a job may be given out again. Another process has it; or it would not fit any more: never.
    not_before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ticket = self.folder / "running" / f"campaign-{uuid.uuid4().hex}"
        self.board = Board(self.folder, self.workers.count)

    def begin(self) -> None:
        self.ticket.parent.mkdir(parents=True, exist_ok=True)
        self.ticket.touch()
        fit = []
        for study in self.studies:
            try:
                prune_retrain.check_network(study)
                for part in self.parts:
                    PARTS[part].images(study)  # not every part can be measured on every data set
                if results.missing(study, self.parts, self.folder):
                    beside.check_images(study, self.parts, self.folder)
                    beside.check_networks(Checkpoints(study, self.folder), self.parts)
                fit.append(study)
            except (TypeError, ValueError, data.DataUnavailable) as error:
                self.summary.failed[label(study)] = str(error)
            except Exception as error:  # of a reader's network; the other studies can still run
                self.summary.failed[label(study)] = f"{type(error).__name__}: {error}"
        self.studies = fit
        # Networks of a study that train at once share a GPU; on a CPU each one has its cores for itself.
        serial = isinstance(self.workers.executor, executors.SerialExecutor)
        device = torch.device(self.device) if self.device else default_device()
        cohorts = self.workers.count if device.type == "cuda" else None
        self.summary.left = plan(fit, self.parts, self.folder, cohorts, self.repetition)
        if self.keep_weights == "last":
            drop_measured(fit, self.parts, self.folder, self.summary.left, self.repetition)
        self.measured_on = provenance(device)["device"] if serial else "not known yet"
        self._measure()
        self.board.start()

    def work_on(self) -> None:
        while self.summary.left and not self.asked_to_leave:
            self._give_out()
            if not self.board.expected and time.monotonic() - self.board.expected_at > LOG_EVERY:
                self._measure()  # a new store knows no pace; the running jobs soon do
            if self.running:
                done, _ = wait(self.running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_in(self.running.pop(future), future)
            elif any(self._could_run(job) for job in self.summary.left):
                time.sleep(0.5)  # another process has all that could be done now
            else:
                return

    def end(self) -> None:
        self.ends = True  # a signal from now on has nothing to interrupt
        self.ticket.unlink(missing_ok=True)  # workers see this and stop
        if self.running:
            wait(self.running, timeout=FAREWELL)
            for future in self.running:
                future.cancel()
            self.workers.executor.shutdown(wait=False)  # Dask's has no cancel_futures
        self.board.close()

    def leave(self, why: str, number: int = 0) -> None:
        """Called by a signal, anywhere in the main thread. Should the exception be lost, the ticket still says it."""
        if self.ends:
            return
        self.asked_to_leave, self.summary.stopped, self.summary.signal = True, why, number
        self.ticket.unlink(missing_ok=True)
        raise Stopped(why)

    def _give_out(self) -> None:
        for job in self.summary.left:
            if len(self.running) >= self.workers.count:
                return
            waits = self.not_before.get(job.name, 0) > time.monotonic()
            if waits or job in self.running.values() or not self._could_run(job):
                continue
            left = None if self.limit is None else self.limit - time.monotonic()
            piece = self.pace.piece(job)
            if left is not None and left < MARGIN * (piece or 0):
                self._put_off(job, "none of the remaining work would fit before the time limit")
                continue
            longest = piece and MARGIN * piece
            order = Order(job, self.folder, self.device, self.ticket, left, longest, self.keep_weights, tuple(IMPORTED))
            self.board.began(job)
            self.running[self.workers.executor.submit(do, order)] = job

    def _take_in(self, job: Job, future: Future) -> None:
        self.board.ended(job)
        error = CancelledError("the scheduler is gone") if future.cancelled() else future.exception()
        if error is not None:
            if isinstance(error, OSError) and error.errno in NOTHING_CAN_BE_WRITTEN:
                raise error
            self.summary.failed[job.title] = f"{type(error).__name__}: {error}"
            # What was trained can be used, whether or not it was measured.
            pending = Checkpoints(job.study, self.folder).pending
            self.failed_works |= {work for chain, work in zip(job.chains, job.works, strict=True) if pending(chain)}
            self.board.tell(self.say, f"{job.title}: failed")
            self.summary.left.remove(job)
            return
        came_of_it, why = future.result()
        if came_of_it == FINISHED:
            self.summary.left.remove(job)
            self.board.tell(self.say, f"{job.title}: finished")
            self.measured_on = why
            self._measure()
        elif came_of_it == CLAIMED:
            self.not_before[job.name] = time.monotonic() + AGAIN
        else:
            self._put_off(job, why)

    def _put_off(self, job: Job, why: str) -> None:
        self.summary.stopped = self.summary.stopped or why
        self.not_before[job.name] = math.inf

    def _could_run(self, job: Job) -> bool:
        """Whether all that it needs is there, and it has not been put off for good."""
        missing = self.failed_works.union(*(other.works for other in self.summary.left))
        return not job.needs & missing and self.not_before.get(job.name, 0) < math.inf

    def _measure(self) -> None:
        """Estimate again, from all that was measured on such a device by now."""
        self.pace = Pace(self.studies, self.folder, self.measured_on, self.running.values())
        seconds = [self.pace.seconds(job) for job in self.summary.left]
        self.board.expect(0 if None in seconds else sum(seconds))
