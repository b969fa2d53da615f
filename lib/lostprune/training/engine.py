"""How a training step is run on a device: which arithmetic, compiled or not, captured as a CUDA graph or not."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from ..foundations.choices import check_choice


@dataclass(frozen=True)
class Engine:
    """One way to run a step.

    Attributes:
        name: the name for ``LOSTPRUNE_ENGINE``, which every checkpoint records.
        bfloat16: convolutions and matrix products in bfloat16 (autocast); batch norms, weights and the optimiser stay
            in float32. Otherwise everything is float32, the definition that the rest is tested against.
        compiled: forward and backward through ``torch.compile``.
        captured: the whole step is one CUDA graph, replayed without the host.
    """

    name: str
    bfloat16: bool = True
    compiled: bool = False
    captured: bool = False


FLOAT32 = Engine("float32", bfloat16=False)
BFLOAT16 = Engine("bfloat16")
GRAPH = Engine("graph", captured=True)
COMPILED_GRAPH = Engine("compiled-graph", compiled=True, captured=True)
ENGINES = {engine.name: engine for engine in (COMPILED_GRAPH, GRAPH, BFLOAT16, FLOAT32)}  # fastest first


def engines_for(device: torch.device, first: str | None = None) -> tuple[Engine, ...]:
    """The ways to try on a device, fastest first; each falls back to the next, and float32 takes every network.

    ``first``, else ``LOSTPRUNE_ENGINE``, names the one to begin with. torch.compile is not among those of a CPU: on
    two cores it won nothing over the eager step with memory kept (``memory.py``), and its warm-up takes half a minute.

    Raises:
        ValueError: that is not one of ``ENGINES``, or needs CUDA and the device has none.
    """
    what, asked = ("engine", first) if first else ("LOSTPRUNE_ENGINE", os.environ.get("LOSTPRUNE_ENGINE"))
    if asked:
        check_choice(what, asked, tuple(ENGINES))
        if ENGINES[asked].captured and device.type != "cuda":
            raise ValueError(f"{what}: got {asked!r} on {device}, expected bfloat16 or float32; CUDA alone has graphs")
    elif not multiplies_bfloat16(device):
        asked = FLOAT32.name
    else:
        asked = COMPILED_GRAPH.name if device.type == "cuda" else BFLOAT16.name
    ways = tuple(ENGINES.values())
    return ways[ways.index(ENGINES[asked]) :]


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for products of bfloat16; emulated ones are slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # unknown to older versions of torch
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
