"""Where the unpruned networks of a study begin: at random, or with trained weights."""

from __future__ import annotations

import functools

import torch
from torch import nn

from .. import data, networks
from ..study import Study
from .checkpoints import untrained


def beginning(study: Study, kind: str = "parent", repetition: int = 0) -> nn.Module:
    """Line 1 of Algorithm 1: an unpruned network before it is trained; see :func:`untrained`.

    Raises:
        FileNotFoundError, OSError: the study's weights are not there, or cannot be fetched.
        ValueError: they cannot be read, or do not fit the network; the message names the file.
    """
    network = untrained(study, kind, repetition)
    if study.weights is not None:
        _start(study, network)
    return network


@functools.lru_cache(maxsize=8)
def is_trained(study: Study) -> bool:
    """Whether the weights that a study begins with are its parents as they are. Raises what :func:`beginning` does."""
    return study.weights is not None and _start(study, untrained(study))


def _start(study: Study, network: nn.Module) -> bool:
    source = networks.weights_source(study.network, study.weights, data.locate())
    try:
        return networks.start_from(network, _read(study.network, source), _rows(study))
    except ValueError as error:
        raise ValueError(f"weights: {source.name} for {study.network} on {study.dataset}: {error}") from error


@functools.lru_cache(maxsize=1)
def _read(network: str, source: networks.pretrained.Source) -> dict[str, torch.Tensor]:
    return networks.read_source(network, source)


def _rows(study: Study) -> list[int] | None:
    """The places of the study's classes among ImageNet's; ``None`` if they are others."""
    places = {name: place for place, name in enumerate(data.synsets())}
    return [places[name] for name in study.classes] if set(study.classes) <= places.keys() else None
