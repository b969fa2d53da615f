"""The device that work runs on, and what a result was made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime

import torch

from .reasons import first_line


def default_device() -> torch.device:
    """``LOSTPRUNE_DEVICE``, else CUDA where there is one, else the CPU.

    Raises:
        ValueError: the device that was asked for is unknown or not there.
    """
    asked = os.environ.get("LOSTPRUNE_DEVICE")
    if not asked:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.zeros(1, device=device)
        return device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"LOSTPRUNE_DEVICE: got {asked!r}, expected a device such as 'cpu' or 'cuda': {first_line(error)}"
        ) from error


def provenance(device: torch.device) -> dict[str, str]:
    """What a result was made with: versions, device, date (UTC, ISO 8601)."""

    threads = torch.get_num_threads()
    name = f"CPU, {threads} thread{'s' * (threads != 1)}"
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    return {
        "lostprune_version": importlib.metadata.version("lostprune"),
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "device": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
