"""Networks and test sets as the command line names them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import nn

from .. import data, networks, pruning
from ..foundations.imports import imported
from ..networks.registry import registered
from ..networks.weights import load_weights, read_weights
from ..training import Recipe

FILES = (".pt2", ".pt", ".pth", ".ts", ".onnx")


def network_named(reference: str, num_classes: int, weights: str | os.PathLike | None = None) -> nn.Module | Path:
    """A network, or the path of its file.

    Args:
        reference: a file of an exported program, of TorchScript or of ONNX; the path, without suffix, of a network that
            ``pruning.save_shrunk`` wrote; a registered name; or ``MODULE:FUNCTION`` or ``FILE.py:FUNCTION``.
        num_classes: passed to the function, if it takes that.
        weights: file of its weights, for a name or a function.

    Raises:
        ValueError, FileNotFoundError, ImportError: none of these; weights that do not fit.
    """
    path = Path(reference)
    if path.suffix in FILES or path.with_suffix(".safetensors").is_file() and not path.suffix:
        if weights is not None:
            raise ValueError(f"weights: got {weights}, but {reference} has its own; leave them out")
        return path if path.suffix else pruning.load_shrunk(path)
    network = builder_named(reference)(num_classes=num_classes)
    if weights is not None:
        load_weights(network, read_weights(weights))
    elif ":" not in reference and networks.weights_digest(reference):
        networks.load_pretrained(network, reference)
    return network


def builder_named(reference: str) -> Callable[..., nn.Module]:
    """What makes the network of a registered name or of ``MODULE:FUNCTION``; called with ``num_classes``.

    Raises:
        ValueError: neither is known. ImportError: the module cannot be imported, or has no such function.
    """
    if ":" not in reference:
        return registered(reference).builder
    function = imported(reference)
    if not callable(function):
        raise ImportError(f"import: {reference} is a {type(function).__name__}, expected a function or a class")

    def build(num_classes: int) -> nn.Module:
        parameters = inspect.signature(function).parameters
        takes = "num_classes" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        network = function(num_classes=num_classes) if takes else function()
        if not isinstance(network, nn.Module):
            raise ValueError(f"{reference}: got a {type(network).__name__}, expected a torch.nn.Module")
        return network

    build.__module__ = getattr(function, "__module__", "")
    return build


def weights_of(reference: str) -> Path | None:
    """The file of weights that a registered name has; ``None`` for a function."""
    return None if ":" in reference else registered(reference).weights


def recipe_of(reference: str) -> Recipe | None:
    """How a registered name is trained; ``None`` for a function, and for a name without a recipe of its own."""
    return None if ":" in reference else registered(reference).recipe


def data_named(
    reference: str,
    shifts: Mapping[str, str],
    classes: Sequence[str] | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
) -> str:
    """The name of a data set to audit with: one that is registered, or what a folder holds, which is registered.

    Args:
        reference: a registered name, or a folder with the folders ``train`` and ``test``.
        shifts: folders by name.
        classes, mean, std: settings for a folder, as for ``data.register``.

    Raises:
        ValueError, TypeError, FileNotFoundError: neither; or something is wrong with the images.
    """
    if reference not in data.DATASETS:
        count_classes(reference)
        folder = Path(reference).absolute()
        name = "".join(letter if letter.isalnum() else "_" for letter in folder.name)
        name = name if name.isidentifier() and name not in data.DATASETS else f"images_{name}"
        data.register(name, folder / "train", folder / "test", shifts, classes, mean, std)
        return name
    for what, given in (("--classes", classes), ("--mean", mean), ("--std", std)):
        if given is not None:
            raise ValueError(f"{what}: got it for the registered name {reference!r}, which has its own; leave it out")
    if shifts:
        data.add_shifts(reference, shifts)
    return reference


def shifts_named(given: tuple[str, ...]) -> dict[str, str]:
    """``NAME=FOLDER`` each. Raises ValueError for anything else."""
    found = {}
    for one in given:
        name, equals, folder = one.partition("=")
        if not equals or not name.isidentifier() or not folder:
            raise ValueError(f"shift: got {one!r}, expected NAME=FOLDER, such as night=photos/night")
        found[name] = folder
    return found


def count_classes(dataset: str) -> int:
    """How many classes a registered data set or a folder of images has.

    Raises:
        ValueError: neither is there.
        data.DataUnavailable: it takes the data folder to know them, and the data set is not there.
    """
    if dataset in data.DATASETS:
        return len(data.class_names(dataset))
    folder = Path(dataset)
    if not folder.is_dir():
        raise ValueError(
            f"data: got {dataset!r}, expected a registered name ({', '.join(data.DATASETS)}) or a folder that exists; "
            "register your own with lostprune.data.register in a file, and name it with --import"
        )
    return sum(one.is_dir() for one in folder.iterdir())
