"""Weights that someone else trained: read without running code from the file, and loaded whole or not at all."""

from __future__ import annotations

import io
import os
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from ..foundations.reasons import first_line

SUFFIXES = (".safetensors", ".pt", ".pth", ".th")
# Where training scripts put the state of the network in what they save: PyTorch Lightning and many others,
# torchvision's references, PyTorch's tutorials.
_NESTED = ("state_dict", "model", "model_state_dict")
_PARALLEL = "module."  # which nn.DataParallel and DistributedDataParallel put before every name
_COUNTER = ".num_batches_tracked"  # files from before PyTorch 0.4.1 lack it; no batch norm with a momentum reads it


def check_path(path: str | os.PathLike) -> Path:
    """The absolute path of a file of weights.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: its name ends with none of ``SUFFIXES``.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix not in SUFFIXES:
        raise ValueError(f"weights: got {path.name!r}, expected a file whose name ends with {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"weights: {path} is not a file")
    return path


def read_weights(path: str | os.PathLike) -> dict[str, torch.Tensor]:
    """The tensors of a file by their names, on the CPU.

    The state of a network may lie under ``state_dict``, ``model`` or ``model_state_dict``, and every name may begin
    with ``module.``, as ``nn.DataParallel`` saves it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of a type that is read, is damaged, holds no tensors by name, or holds objects that
            only code from the file could make; such code is never run.
    """
    path = check_path(path)
    content = path.read_bytes()
    try:
        saved = safetensors.torch.load(content) if path.suffix == ".safetensors" else _unpickle_tensors(content)
    except pickle.UnpicklingError as error:
        # Not torch's whole message: it suggests loading the file anyway.
        asked = re.search(r"GLOBAL (\S+)", str(error))
        reason = f"it asks for {asked[1]}" if asked else "or is damaged"
        raise ValueError(
            f"weights: {path} holds more than tensors ({reason}) and is not read. Where you trust its source, save its "
            "state alone: torch.save(network.state_dict(), path)"
        ) from None
    except Exception as error:  # bytes that are not of the type may end the reading in any way
        raise ValueError(
            f"weights: {path} is damaged or not of its type ({type(error).__name__}: {first_line(error)})"
        ) from None
    return _state(saved, path)


def load_weights(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Copy weights into a network, in place: all of them, or none.

    Raises:
        ValueError: weights that are missing, unexpected, of another shape or kind of number, or not finite; lists all.
    """
    expected, state, buffers = network.state_dict(), dict(state), dict(network.named_buffers())
    for name in expected.keys() - state.keys():
        if name.endswith(_COUNTER):
            state[name] = expected[name]
    faults = [f"missing: {name} {list(expected[name].shape)}" for name in expected if name not in state]
    faults += [f"unexpected: {name} {list(state[name].shape)}" for name in state if name not in expected]
    for name in (name for name in expected if name in state):
        got, wanted = state[name], expected[name]
        if got.shape != wanted.shape:
            faults.append(f"wrong shape: {name}, got {list(got.shape)}, expected {list(wanted.shape)}")
        elif got.is_floating_point() != wanted.is_floating_point() or got.is_complex():
            faults.append(f"wrong kind: {name}, got {got.dtype}, expected {wanted.dtype}")
        elif name in buffers and torch.equal(got.isfinite(), wanted.isfinite()) and not got.isnan().any():
            continue  # such as the mask of an attention, which is infinite where it is in a new network
        elif not torch.isfinite(got.to(torch.float32)).all():
            faults.append(f"not finite: {name}")
    if faults:
        raise ValueError("weights: they do not fit the network; nothing was loaded.\n  " + "\n  ".join(faults))
    network.load_state_dict(state)


def _unpickle_tensors(content: bytes) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old formats; what counts is whether the tensors fit
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _state(saved: object, path: Path) -> dict[str, torch.Tensor]:
    if isinstance(saved, Mapping):
        for key in _NESTED:
            if isinstance(saved.get(key), Mapping):
                saved = saved[key]
                break
    named = isinstance(saved, Mapping) and all(isinstance(name, str) for name in saved)
    if not named or not saved or not all(isinstance(value, torch.Tensor) for value in saved.values()):
        content = f"with {', '.join(list(saved)[:5]) or 'nothing'}" if named else ""
        raise ValueError(
            f"weights: {path} holds a {type(saved).__name__} {content}".rstrip()
            + f", expected tensors by name, or these under {', '.join(_NESTED)}"
        )
    parallel = all(name.startswith(_PARALLEL) for name in saved)
    return {name.removeprefix(_PARALLEL) if parallel else name: value for name, value in saved.items()}
