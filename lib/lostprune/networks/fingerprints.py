"""What tells two networks of one name apart, the same in every process: their modules, settings and code."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from ..foundations.description import Description, package_of
from .registry import RANDOM_STATE, Registered, registered

_OF_EVERY_MODULE = frozenset(vars(nn.Module()))  # parameters, submodules and hooks; a module's own attributes are more


def fingerprint(name: str) -> str | None:
    """What tells two networks of one name apart: ``None`` for the networks of this package, a digest for others.

    A network that a user registers can change from one run to the next while its name stays, and must then not find
    the results of the one before. The digest covers the modules and their attributes, names and shapes of their state,
    and the code of their classes and of the function that builds them, including the functions, classes and values
    that this code uses from its own package. It does not cover the values of tensors and other packages' code. It is
    the same in every process, and with every version of Python where the source of the code is there (generated code
    has none). It is computed once for each registration.

    Raises:
        ValueError: unknown name, or a network whose state has more than tensors.
    """
    network = registered(name)
    builder = network.builder
    if package_of(builder) == "lostprune" and getattr(builder, "__name__", None) == name:
        return None
    return _digest(network)


@contextlib.contextmanager
def _chance_repeats() -> Iterator[None]:
    """A network may draw its attributes, by torch, NumPy or Python; the caller's random states stay."""
    pythons, numpys = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            random.seed(0)
            np.random.seed(0)
            yield
    finally:
        random.setstate(pythons)
        np.random.set_state(numpys)


@functools.lru_cache(maxsize=128)
def _digest(registered: Registered) -> str:
    builder = registered.builder
    with RANDOM_STATE, _chance_repeats():
        network = registered.built(10)
    packages = {package_of(builder)} | {package_of(type(module)) for module in network.modules()}
    describe = Description(packages - {"torch", "lostprune"})
    words = [describe(builder)]
    for name, value in network.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(
                f"network {registered.name!r}: got {name!r} in its state_dict, which is no tensor; expected tensors "
                "only, since networks are saved as safetensors. Keep it as a plain attribute, or make it a buffer"
            )
        words.append((name, str(value.dtype), tuple(value.shape)))
    for name, module in network.named_modules():
        hooks = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
        attributes = {key: value for key, value in vars(module).items() if key not in _OF_EVERY_MODULE}
        words.append((name, describe(type(module)), describe(attributes), describe(hooks)))
    return hashlib.sha256(repr(words).encode()).hexdigest()[:8]
