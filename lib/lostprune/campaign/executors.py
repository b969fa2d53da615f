"""Where work runs: here, one piece after the other; or on Dask's workers, one for each GPU, here or on a cluster.

Everything is coded against ``concurrent.futures.Executor``. The store alone records what is finished, so a worker that
dies loses only its unfinished cycle. Dask replaces it and gives its chain to another one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import NamedTuple

import torch

from ..foundations import threads
from ..foundations.choices import check_choice

KINDS = ("serial", "dask", "slurm")


class Workers(NamedTuple):
    """An executor, and how many tasks it runs at once."""

    executor: Executor
    count: int


class SerialExecutor(Executor):
    """Runs each task at once, in the thread that submits it."""

    def submit(self, function, /, *args, **kwargs) -> Future:
        future = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # what is no Exception, such as Ctrl-C, is for the caller
            future.set_exception(error)
        return future


@contextlib.contextmanager
def open_executor(kind: str = "serial", workers: int | None = None) -> Iterator[Workers]:
    """An executor that is closed when left.

    Args:
        kind: ``"serial"``; ``"dask"`` for workers on this machine, one for each GPU, or one on the CPU where there is
            none; ``"slurm"`` for SLURM jobs as Dask's configuration ``jobqueue.slurm`` describes them; or the address
            of a scheduler that runs, such as ``"tcp://10.0.0.1:8786"``.
        workers: how many workers or jobs to start, instead; on the CPU they share its cores.

    Raises:
        ValueError: an unknown kind, or a number of workers that does not go with it.
        ModuleNotFoundError: Dask is not installed; the message says how to.
        OSError: no scheduler answers at the address.
    """
    address = kind if "://" in kind else None
    if address is None:
        check_choice("executor", kind, (*KINDS, "tcp://HOST:PORT"))
    if workers is not None and (workers < 1 or kind == "serial" or address):
        fits = "a running scheduler has its own workers" if address else "expected --executor dask or slurm with it"
        raise ValueError(f"workers: got {workers} with executor {kind!r}; {fits}, and a number of at least 1")
    if kind == "serial":
        yield Workers(SerialExecutor(), 1)
        return
    dask, distributed = _dask()
    dask.config.set({"distributed.worker.daemon": False})  # workers start processes that read image files
    with contextlib.ExitStack() as opened:
        if address:
            client = opened.enter_context(distributed.Client(address, timeout="20s"))
            count = len(client.scheduler_info()["workers"])
            if not count:
                raise ValueError(f"executor: got {address} without workers; start some with `dask worker {address}`")
        else:
            # A task whose worker died goes to another one: each time it has some cycles less to do.
            opened.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 20}))
            cluster = opened.enter_context(_local_cluster(workers) if kind == "dask" else slurm_cluster(workers or 1))
            client = opened.enter_context(distributed.Client(cluster))
            count = workers or (len(cluster.worker_spec) if kind == "dask" else 1)
        yield Workers(opened.enter_context(client.get_executor(pure=False)), count)


def slurm_cluster(jobs: int, **settings):
    """A ``dask_jobqueue.SLURMCluster`` that asks for ``jobs`` jobs, one worker each.

    Args:
        jobs: how many, at least 1.
        settings: over Dask's configuration ``jobqueue.slurm``, such as ``walltime="24:00:00"``; ``cores`` and
            ``memory`` must be there or here.
    """
    _dask()
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(**slurm_settings(settings))
    cluster.scale(jobs=jobs)
    return cluster


def slurm_settings(settings: dict) -> dict:
    """The settings of a job with one worker, which does one task at a time: torch itself uses all its cores."""
    return {"processes": 1, "worker_extra_args": ["--nthreads", "1"]} | settings


def _local_cluster(workers: int | None):
    """One process for each worker, started again when it dies; each with a GPU of its own, or a share of the cores."""
    distributed = _dask()[1]
    gpus = _visible_gpus()
    count = workers or max(1, len(gpus))
    share = threads.threads_for_each(count)
    specification = {}
    for number in range(count):
        place = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {"OMP_NUM_THREADS": str(share)}
        options = {"nthreads": 1, "env": place, "memory_limit": 0, "dashboard": False, "silence_logs": "ERROR"}
        specification[number] = {"cls": distributed.Nanny, "options": options}
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard": False, "host": "127.0.0.1", "port": 0}}
    return distributed.SpecCluster(workers=specification, scheduler=scheduler, silence_logs="ERROR")


def _visible_gpus() -> list[str]:
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if os.environ.get("LOSTPRUNE_DEVICE", "cuda") == "cpu" or not torch.cuda.is_available():
        return []
    return asked.split(",") if asked else [str(number) for number in range(torch.cuda.device_count())]


def _dask():
    try:
        import dask
        import dask_jobqueue  # noqa: F401 (with its defaults for the configuration)
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "executor: Dask is not installed, expected the packages distributed and dask-jobqueue; "
            "pip install 'lostprune[cluster]', or from a checkout: pip install -e '.[cluster]'"
        ) from error
    return dask, distributed
