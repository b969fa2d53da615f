"""Names of a package that are loaded when they are first used: torch takes seconds, and many commands need none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType


def attach(package: str, sources: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` (PEP 562) of a package whose names come from its submodules.

    Args:
        package: its ``__name__``.
        sources: the submodule of each name; a submodule itself is listed under its own name.

    Example:
        >>> __getattr__, __dir__ = attach(__name__, {"run": "runner", "data": "data"})  # doctest: +SKIP
    """

    def get(name: str) -> object:
        if name not in sources:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{sources[name]}")
        return module if name == sources[name] else getattr(module, name)

    return get, lambda: sorted({*vars(sys.modules[package]), *sources})


class Module(ModuleType):
    """A module that is imported when something of it is first used.

    ``importlib.util.LazyLoader`` would import the packages that the module lies in at once.

    Args:
        name: its full name, such as ``"torchvision.models"``.
    """

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module(self.__name__), name)
