"""Shrunk networks on disk, without pickles: which channels were kept, and the tensors."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn

from ... import networks
from ...foundations.store import DamagedFile, load_checkpoint, save_checkpoint
from .resize import Kept, resize


def save_shrunk(path: str | os.PathLike, shrunk: nn.Module, network: str, num_classes: int = 10) -> None:
    """Write a network that ``shrink`` made to ``path``.json and ``path``.safetensors; earlier ones are replaced.

    Args:
        path: a path without suffix, and without a dot in its last part.
        shrunk: a network from ``shrink``; it may have been trained since.
        network: the registered name of the network that it was made from; ``num_classes`` belongs to that one, too.

    Raises:
        ValueError: a network that ``shrink`` did not make or another name's; an unknown name; a path with a suffix.
        OSError: of the file system.
    """
    path = _checked(path)
    kept = getattr(shrunk, "kept_channels", None)
    if kept is None:
        raise ValueError(f"shrunk: got a {type(shrunk).__name__}, expected what pruning.shrink returned")
    state = shrunk.state_dict()
    try:
        expected = {name: value.shape for name, value in _build(network, num_classes, kept).state_dict().items()}
    except (AttributeError, IndexError, RuntimeError):
        expected = None
    if {name: value.shape for name, value in state.items()} != expected:
        raise ValueError(
            f"network: got {network!r} with {num_classes} classes, expected the name and number of classes of what was "
            f"shrunk; it is a {type(shrunk).__name__} with other layers"
        )
    facts = {
        "network": network,
        "num_classes": num_classes,
        "fingerprint": networks.fingerprint(network),
        "kept_channels": {name: channels._asdict() for name, channels in kept.items()},
    }
    path.with_suffix(".json").unlink(missing_ok=True)
    save_checkpoint(path, state, facts)


def load_shrunk(path: str | os.PathLike) -> nn.Module:
    """The network that ``save_shrunk`` wrote to ``path``, on the CPU and in evaluation mode.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: the files are not what was written there.
        ValueError: the network it was made from is not registered, or has changed since.
    """
    path = _checked(path)
    loaded = load_checkpoint(path)
    if loaded is None:
        raise FileNotFoundError(f"path: got {path}, expected {path.name}.json and {path.name}.safetensors there")
    state, facts = loaded
    try:
        network, num_classes, fingerprint = (facts[name] for name in ("network", "num_classes", "fingerprint"))
        kept = {name: Kept(**channels) for name, channels in facts["kept_channels"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{path}: got no shrunk network ({type(error).__name__}: {error})") from error
    if networks.fingerprint(network) != fingerprint:
        raise ValueError(f"path: {path} holds a {network!r} of other layers or another forward than the one registered")
    try:
        shrunk = _build(network, num_classes, kept)
        for name, tensor in shrunk.state_dict(keep_vars=True).items():
            tensor.data = tensor.data.to(state[name].dtype if name in state else tensor.dtype)
        shrunk.load_state_dict(state)  # copies, so that tied weights stay tied
    except (AttributeError, IndexError, RuntimeError) as error:
        raise DamagedFile(f"{path}: its channels and tensors do not fit {network!r} ({error})") from error
    return shrunk.eval()


def _build(network: str, num_classes: int, kept: dict[str, Kept]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # the fresh weights are thrown away
        built = networks.build(network, num_classes)
    resize(built, kept)
    built.kept_channels = kept
    return built


def _checked(path: str | os.PathLike) -> Path:
    path = Path(path)
    if path.suffix:
        raise ValueError(f"path: got {path.name!r}, expected a name without a dot; .json and .safetensors are added")
    return path
