"""The user's own code by name: a module or a file, and the names in it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

IMPORTED: dict[str, None] = {}
"""What :func:`import_code` has run in this process, in order; :func:`import_all` runs it in a worker's."""


def import_code(name: str) -> ModuleType:
    """Run a Python file, or import a module; once in a process.

    The folder of the file, or else the current one, is added to where modules are looked for.

    Args:
        name: the path of a file ``….py``, or a module such as ``mypackage.networks``.

    Raises:
        ImportError: there is none, or its code ended with an error; says which.
    """
    path = Path(name).expanduser().absolute() if name.endswith(".py") else None
    folder = str(path.parent if path else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if path is None:
        module = _run(name, lambda: importlib.import_module(name))
        IMPORTED[name] = None
        return module
    if not path.is_file():
        raise ImportError(f"import: got {name}, expected a Python file that exists")
    known = sys.modules.get(path.stem)
    if known is not None:
        if os.path.abspath(getattr(known, "__file__", None) or "") == str(path):
            return known
        raise ImportError(f"import: {name} has the name of another module, {path.stem!r}; give the file another name")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        _run(name, lambda: spec.loader.exec_module(module))
    except ImportError:
        del sys.modules[path.stem]
        raise
    IMPORTED[str(path)] = None
    return module


def import_all(sources: Iterable[str]) -> None:
    """Run what another process has run, so that what it registered is known here. Raises what :func:`import_code` does.

    Args:
        sources: :data:`IMPORTED` of that process.
    """
    for source in sources:
        if source not in IMPORTED:
            import_code(source)


def imported(reference: str) -> object:
    """What ``MODULE:NAME`` or ``FILE.py:NAME`` stands for.

    Raises:
        ImportError: the module cannot be imported, or has no such name; lists those it has.
    """
    source, colon, name = reference.rpartition(":")
    if not colon or not source or not name:
        raise ImportError(f"import: got {reference!r}, expected MODULE:NAME or FILE.py:NAME, such as mynet.py:build")
    module = import_code(source)
    try:
        return getattr(module, name)
    except AttributeError:
        names = [known for known, value in vars(module).items() if callable(value) and not known.startswith("_")]
        raise ImportError(f"import: {source} has no {name!r}, but {', '.join(names) or 'nothing to call'}") from None


def _run(name: str, load) -> ModuleType:
    try:
        return load()
    except Exception as error:  # code of the user's own may raise anything
        raise ImportError(f"import: {name} ended with {type(error).__name__}: {error}") from error
