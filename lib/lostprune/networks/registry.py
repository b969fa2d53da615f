"""Networks by name: ``@register("mynet")`` in a notebook cell makes ``network="mynet"`` work everywhere."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import torch
from torch import nn

from ..foundations.choices import choose

RANDOM_STATE = threading.Lock()  # torch has one for the whole process; chains may run in threads
_BUILDERS: dict[str, Callable[[int], nn.Module]] = {}


def register(name: str) -> Callable:
    """Decorator that makes a network available by name.

    It decorates anything that is called with ``num_classes`` and returns an ``nn.Module``: a function or the
    module class itself. Registering a name again replaces the network, so that a notebook cell can be run twice.

    Raises:
        ValueError: the name is not an identifier (names become folder names and papermill parameters).

    Example:
        >>> @register("mynet")
        ... class MyNet(nn.Sequential):
        ...     def __init__(self, num_classes=10):
        ...         pool = nn.AdaptiveAvgPool2d(1)
        ...         super().__init__(nn.Conv2d(3, 8, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, num_classes))
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"network name: got {name!r}, expected letters, digits and underscores; choose another name")

    def keep(builder: Callable[[int], nn.Module]) -> Callable[[int], nn.Module]:
        _BUILDERS[name] = builder
        return builder

    return keep


def names() -> tuple[str, ...]:
    """The registered names, sorted."""
    return tuple(sorted(_BUILDERS))


def build(name: str, num_classes: int = 10) -> nn.Module:
    """A freshly initialised network; seed torch first if it must repeat.

    Raises:
        ValueError: unknown name (the message lists the known ones and the nearest).
    """
    return _builder(name)(num_classes=num_classes)


def fingerprint(name: str) -> str | None:
    """What tells two networks of one name apart: ``None`` for the networks of this package, a digest for others.

    A network that a user registers can change from one run to the next while its name stays. The digest covers its
    modules (``repr``), the shapes of its state and the compiled code of every ``forward``, so that an edited network
    never finds the results of the one before.
    """
    builder = _builder(name)
    if (getattr(builder, "__module__", None) or "").startswith("lostprune."):
        return None
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        network = build(name)
    digest = hashlib.sha256(repr(network).encode())
    for key, value in network.state_dict().items():
        digest.update(f"{key}{tuple(value.shape)}".encode())
    for kind in sorted({type(module) for module in network.modules()}, key=lambda kind: kind.__qualname__):
        if not kind.__module__.startswith("torch."):
            code = kind.forward.__code__
            digest.update(code.co_code + repr((code.co_consts, code.co_names)).encode())
    return digest.hexdigest()[:8]


def _builder(name: str) -> Callable[[int], nn.Module]:
    try:
        choose("network", name, names())
    except ValueError as error:
        raise ValueError(f"{error} Register your own with @lostprune.networks.register({name!r}).") from None
    return _BUILDERS[name]
