"""The recommended network on disk: its masks, its weights, and what is left of it once pruned channels are gone."""

from __future__ import annotations

import logging
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from .. import pruning
from ..foundations.reasons import first_line
from ..foundations.store import write_whole

log = logging.getLogger("lostprune")


def save_network(
    folder: Path, network: nn.Module, masks: pruning.Masks, name: str, num_classes: int, image: torch.Tensor
) -> list[Path]:
    """Write a network in every form that it can be used in.

    - ``masks.safetensors`` and ``weights.safetensors``: the state of the network, pruned weights being 0, which
      ``load_state_dict`` and ``networks.register(…, weights=…)`` take.
    - ``shrunk.safetensors`` and ``.json``: pruned channels removed, for ``pruning.load_shrunk``.
    - ``network.pt2``: the shrunk network as a program of ``torch.export``, which needs no code.

    The last two are left out, with a line in the log, for a network that cannot be shrunk or exported.

    Args:
        folder: created if it does not exist.
        network, masks: the pruned network.
        name, num_classes: its registered name, and the number of classes that it was built with.
        image: a network input, float32 [1, c, h, w].

    Returns:
        the files that were written.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        "masks.safetensors": dict(masks),
        "weights.safetensors": network.state_dict(),
    }
    written = []
    for file, content in tensors.items():
        whole = {key: value.detach().cpu().contiguous().clone() for key, value in content.items()}  # none is shared
        write_whole(folder / file, lambda part, whole=whole: safetensors.torch.save_file(whole, part))
        written.append(folder / file)
    smaller = network
    try:
        smaller = pruning.shrink(network, masks, tuple(image.shape[1:]))
        pruning.save_shrunk(folder / "shrunk", smaller, name, num_classes)
        written += [folder / "shrunk.json", folder / "shrunk.safetensors"]
    except pruning.UnsupportedOperation as reason:
        log.warning("shrunk: not written, %s", reason)
    try:
        batch = image.repeat(2, 1, 1, 1)  # torch.export takes a size of 1 for a constant
        program = torch.export.export(smaller, (batch,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        write_whole(folder / "network.pt2", lambda part: _export(program, part))
        written.append(folder / "network.pt2")
    except Exception as reason:  # whatever the network's own code makes torch.export raise
        log.warning("network.pt2: not written, %s", first_line(reason))
    return written


def _export(program: torch.export.ExportedProgram, part: Path) -> None:
    with open(part, "wb") as file:
        torch.export.save(program, file)
