"""Weights that a study's parents begin with: torchvision's for ImageNet, or a file of the reader's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from ..foundations import lazy
from ..foundations.choices import check_choice
from .weights import check_path, load_weights, read_weights

models = lazy.Module("torchvision.models")
TORCHVISION = "torchvision"
# What the paper's parents are: the errors in Table 6 are those of the first weights that torchvision had.
_TORCHVISION = {
    "resnet18": "ResNet18_Weights",
    "resnet101": "ResNet101_Weights",
    "deeplabv3_resnet50": "ResNet50_Weights",  # of its backbone
}
_BACKBONE = "backbone."
SHORTEST_DIGEST = 8  # hexadecimal digits: torchvision has as many in the names of its files
_PINNED = re.compile(rf"(.+)@([0-9a-f]{{{SHORTEST_DIGEST},64}})")


class Source(NamedTuple):
    """Where weights come from.

    Attributes:
        name: the name to show, such as ``"torchvision's ResNet18_Weights.IMAGENET1K_V1"`` or a file's name.
        digest: the beginning of the file's SHA-256, hexadecimal.
        path: path of the file; ``None`` for torchvision's.
    """

    name: str
    digest: str
    path: Path | None


def weights_source(network: str, weights: str, folder: Path) -> Source:
    """What ``weights`` stands for, without reading more than it takes.

    Args:
        network: a registered network.
        weights: ``"torchvision"``; or the path of a file (``networks.weights.SUFFIXES``), absolute or in ``folder``.
            ``"name.safetensors@1f2e3d4c"`` names the beginning of its SHA-256, too: it is then checked when the file is
            read, and the file is not needed before.
        folder: the data folder.

    Raises:
        ValueError: torchvision has none for this network, or the file is of another type.
        FileNotFoundError: there is no such file.
    """
    if weights == TORCHVISION:
        check_choice("weights: torchvision's, of network", network, _TORCHVISION)
        found = _torchvisions(network)
        return Source(f"torchvision's {found}", found.url.rpartition("-")[2].partition(".")[0], None)
    pinned = _PINNED.fullmatch(weights)
    path = folder / Path(pinned[1] if pinned else weights).expanduser()
    if pinned:
        return Source(path.name, pinned[2], path)
    with open(check_path(path), "rb") as file:
        return Source(path.name, hashlib.file_digest(file, "sha256").hexdigest(), path)


def read_source(network: str, source: Source) -> dict[str, torch.Tensor]:
    """The tensors by name; torchvision's are fetched once, and checked.

    Raises:
        OSError: they cannot be fetched, or there is no such file.
        ValueError: the file is not what its digest says, or cannot be read; see :func:`read_weights`.
    """
    if source.path is None:
        url = _torchvisions(network).url
        try:
            return torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"weights: {url} cannot be fetched ({error}); put the file into {torch.hub.get_dir()}/checkpoints by "
                "hand, or pass the path of a file of weights"
            ) from error
    with open(check_path(source.path), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(source.digest):
        raise ValueError(f"weights: {source.path}: got SHA-256 {digest}, expected one that begins with {source.digest}")
    return read_weights(source.path)


def _torchvisions(network: str) -> models.WeightsEnum:
    return getattr(models, _TORCHVISION[network]).IMAGENET1K_V1


def start_from(network: nn.Module, state: dict[str, torch.Tensor], rows: Sequence[int] | None = None) -> bool:
    """Copy weights into a network, in place, as far as they describe it; returns whether they describe all of it.

    Of weights for more classes, the classifier takes the rows that belong to its classes. Into a network with a
    backbone go the weights of that backbone alone, without the classifier that they had; the rest stays as it is.

    Args:
        rows: for each class of the network, its position among the classes that the weights are for; ``None`` if the
            classes are the same.

    Raises:
        ValueError: the weights do not fit, or are not finite; lists all that is wrong.
    """
    expected, whole = network.state_dict(), True
    if any(name.startswith(_BACKBONE) for name in expected) and not any(name.startswith(_BACKBONE) for name in state):
        backbone = {f"{_BACKBONE}{name}": value for name, value in state.items()}
        state = expected | {name: value for name, value in backbone.items() if not name.startswith(f"{_BACKBONE}fc.")}
        whole = False
    fitted = {}
    for name, value in state.items():
        classes = len(expected[name]) if name in expected and expected[name].dim() else 0
        if rows is not None and classes == len(rows) != len(value) and len(value) > max(rows):
            value, whole = value[torch.tensor(rows)], False
        fitted[name] = value
    load_weights(network, fitted)
    return whole
