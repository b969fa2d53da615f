"""Kernels that start with the libraries of the notebooks imported, which takes longer than what most pages do.

They are forked from a process that has imported these libraries and done nothing else (Python's own fork server), so
each is as fresh as a kernel started from scratch.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

NAME = "lostprune-preloaded"  # in pyproject, where Jupyter finds it
LIBRARIES = [
    "lostprune",  # first: it says how torch's threads wait
    "ipykernel.kernelapp",
    "lostprune.figures",
    "lostprune.findings",
    "lostprune.tables",
    "lostprune.audit",
    "holoviews.plotting.bokeh",
    "holoviews.plotting.mpl",
    "panel",
    "myst_nb",
]


def preload() -> None:
    """Kernels that this process starts from now on are forked; it does nothing where forking is not safe.

    macOS's own libraries do not survive a fork, and Windows has none.
    """
    if sys.platform != "linux":
        return
    multiprocessing.get_context("forkserver").set_forkserver_preload(LIBRARIES)
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = NAME
    # As kernels do themselves, which is too late where matplotlib is imported already.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")


class PreloadedKernel(LocalProvisioner):
    """Starts kernels of this Python as :func:`preload` says."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """``cmd`` is ``[python, "-m", "ipykernel_launcher", "-f", connection_file, *more]``, or much the same."""
        arguments = cmd[cmd.index("-f") :]
        self.process = _Process(arguments, Path(kwargs.get("cwd") or Path.cwd()), dict(kwargs["env"]))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class _Process:
    """What a provisioner uses of a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, *of_the_kernel: Any):
        self._process = multiprocessing.get_context("forkserver").Process(target=_be_a_kernel, args=of_the_kernel)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _be_a_kernel(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    os.setsid()  # an interrupt reaches the kernel and what it starts, and nothing else
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_stop_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    import holoviews
    from holoviews.ipython import notebook_extension
    from ipykernel.kernelapp import launch_new_instance

    holoviews.extension = notebook_extension  # as where it is imported in a notebook: the other one shows nothing
    launch_new_instance(argv=arguments)


def _stop_with(page: multiprocessing.process.BaseProcess) -> None:
    """A kernel of a process that was killed would wait for cells for ever."""
    page.join()
    os._exit(1)
