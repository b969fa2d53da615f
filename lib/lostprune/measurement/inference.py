"""Many trained networks on the same images: every core, or the whole GPU, is busy with forward passes in float32.

Results are those of the plain loop up to rounding: the images pass in other batches. On CPUs they do not depend on the
number of cores.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from .. import tasks
from ..foundations.batches import Batches
from ..pruning.layers import batches

BATCH = 32  # on CPUs: the activations of larger batches fall out of a core's cache
TASK = 16 * BATCH  # images that one core takes at a time
_batches: dict[tuple, Batches] = {}  # of the size that a GPU's memory was found to hold, by device and network


def each(
    networks: Iterable[nn.Module], inputs: torch.Tensor, on_step: Callable[[int], object] | None = None
) -> Iterator[torch.Tensor]:
    """The logits of one network after the other, float32 [n, classes, …], of network inputs float32 [n, 3, h, w].

    The networks are put into evaluation mode. They must not change what they hold in their forward pass: cores share
    them. Nothing waits for a GPU.

    Args:
        on_step: called after each piece of work with its number of images.

    Raises:
        torch.OutOfMemoryError: the device cannot hold a batch of one image.
    """
    networks = [network.eval() for network in networks]
    yield from (_on_cpu if inputs.device.type == "cpu" else _on_gpu)(networks, inputs, on_step or (lambda _: None))


def predict(
    networks: Iterable[nn.Module], inputs: torch.Tensor, on_step: Callable[[int], object] | None = None
) -> torch.Tensor:
    """Logits float32 [networks, n, classes]; as :func:`each`, all at once."""
    return torch.stack(list(each(networks, inputs, on_step)))


def _on_cpu(
    networks: list[nn.Module], inputs: torch.Tensor, on_step: Callable[[int], object]
) -> Iterator[torch.Tensor]:
    """Each core works on a piece of its own: cores that share every layer wait for each other after each."""
    parts = batches(inputs.contiguous(memory_format=torch.channels_last), TASK)
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1))
    try:
        submitted = [[pool.submit(_forward_channels_last, network, part) for part in parts] for network in networks]
        while submitted:
            pieces, logits = submitted.pop(0), []  # nobody keeps the logits of all networks
            for part, piece in zip(parts, pieces, strict=True):
                logits.append(piece.result())
                on_step(len(part))
            yield torch.cat(logits)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # what the last thread said holds for those that come


def _on_gpu(
    networks: list[nn.Module], inputs: torch.Tensor, on_step: Callable[[int], object]
) -> Iterator[torch.Tensor]:
    """Batches as large as memory allows, which is remembered for networks of one kind."""
    for network in networks:
        key = (inputs.device, type(network), tuple(inputs.shape[1:]))
        batches = _batches.setdefault(key, Batches(sys.maxsize))
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # TF32 has 10 of float32's 23 bits
            logits = batches.run(functools.partial(_forward, network), inputs)
        on_step(len(inputs))
        yield logits


def _forward_channels_last(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """In the memory layout that CPUs are fast in, without a change of the caller's network: only weights are copied."""
    parts = batches(inputs, BATCH)
    own: dict[int, torch.Tensor] = {id(buffer): buffer for buffer in network.buffers()}
    for parameter in network.parameters():
        own[id(parameter)] = parameter
        if parameter.dim() == 4:
            layout = parameter.detach().contiguous(memory_format=torch.channels_last)
            own[id(parameter)] = nn.Parameter(layout, requires_grad=False)
    with contextlib.suppress(TypeError):  # what runs an ONNX file cannot be copied, and many may use it at once
        network = copy.deepcopy(network, own)
    return torch.cat([_forward(network, part) for part in parts])


@torch.inference_mode()
def _forward(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    return tasks.logits(network(inputs))
