"""What a network costs: parameters, multiply-adds, and how long it takes here."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .measured import NETWORKS
from .models import FixedBatch

ROUNDS = 40  # timings of each network
_SHORTEST = 0.003  # seconds of one timing; a fast network runs several times in it


def measured_costs(networks: Sequence[nn.Module], image: torch.Tensor) -> dict[str, xr.DataArray]:
    """What :func:`size` counts, over ``network``, and quantiles of ``latency`` in seconds.

    On a busy machine the shortest time, quantile 0, says most: others hold what the networks had to wait for.

    Args:
        networks: the parent and the pruned one, of :func:`lostprune.audit.models.opened`.
        image: one network input, float32 [1, c, h, w].
    """
    sizes = [size(network, image) for network in networks]
    names = {"network": list(NETWORKS)}
    found = {key: xr.DataArray([one[key] for one in sizes], names) for key in sizes[0]}
    quantiles = [0.0, 0.25, 0.5, 0.75]
    taken = np.quantile(latencies(networks, image), quantiles, axis=1).T
    return found | {"latency": xr.DataArray(taken, names | {"quantile": quantiles})}


def size(network: nn.Module, image: torch.Tensor) -> dict[str, float]:
    """``parameters``, ``nonzero_parameters`` and ``multiply_adds`` for one image.

    Multiply-adds are half of the FLOPs that torch counts, those with pruned weights included, so that only what was
    removed lowers them. What cannot be seen, as inside an ONNX file, is NaN.

    Args:
        network: of :func:`lostprune.audit.models.opened`.
        image: one network input, float32 [1, c, h, w].
    """
    weights = list(network.parameters())
    if not weights:
        return dict.fromkeys(("parameters", "nonzero_parameters", "multiply_adds"), np.nan)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    inner = getattr(network, "network", network)
    shown = inner.size if isinstance(inner, FixedBatch) else 1  # images: it fills up its batch
    return {
        "parameters": sum(weight.numel() for weight in weights),
        "nonzero_parameters": sum(int(weight.count_nonzero()) for weight in weights),
        "multiply_adds": counter.get_total_flops() / 2 / shown,
    }


@torch.inference_mode()
def latencies(networks: Sequence[nn.Module], image: torch.Tensor, rounds: int = ROUNDS) -> np.ndarray:
    """Seconds for one image, [networks, rounds]. The networks take turns, so that a busy machine slows all alike.

    Args:
        image: one network input, float32 [1, c, h, w], on the networks' device.
    """
    repeats = []
    for network in networks:
        network(image)  # the first time is longer
        once = _seconds(network, image, 1)
        repeats.append(max(1, int(_SHORTEST / max(once, 1e-6))))
    taken = [
        [_seconds(network, image, times) / times for network, times in zip(networks, repeats, strict=True)]
        for _ in range(rounds)
    ]
    return np.array(taken).T


def _seconds(network: nn.Module, image: torch.Tensor, times: int) -> float:
    _wait(image.device)
    start = time.perf_counter()
    for _ in range(times):
        network(image)
    _wait(image.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
