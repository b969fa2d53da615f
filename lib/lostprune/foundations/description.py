"""What values and code are, in words that are the same in every process: what digests of a user's code are made of."""

from __future__ import annotations

import dis
import functools
import numbers
import types

import torch
from torch import nn

from .source import definition_of

_PLAIN = numbers.Number | str | bytes | torch.Size | torch.dtype | torch.device | type(None) | type(...)


class Description:
    """Turns values and code into nested tuples of strings and numbers, without addresses and without chance's order.

    Args:
        packages: top-level packages whose functions and classes are described by their code; others by their name.
    """

    def __init__(self, packages: set[str]):
        self.packages = packages
        self.seen: dict[int, tuple[int, object]] = {}  # by id; the object is kept, so that no other takes its id

    def __call__(self, value: object) -> object:
        if isinstance(value, _PLAIN):
            return type(value).__name__, repr(value)
        if isinstance(value, tuple):
            return "tuple", *map(self, value)
        if isinstance(value, set | frozenset):
            return "set", *sorted(map(self, value), key=repr)
        if isinstance(value, types.CodeType):
            return "code", value.co_code, value.co_exceptiontable, value.co_names, *map(self, value.co_consts)
        if isinstance(value, torch.Tensor):
            return "tensor", str(value.dtype), tuple(value.shape)
        if isinstance(value, types.MethodType | staticmethod | classmethod):
            return self(value.__func__)
        if isinstance(value, property):
            return self((value.fget, value.fset))
        if isinstance(value, functools.partial):
            return "partial", self(value.func), self(value.args), self(value.keywords)
        if id(value) in self.seen:
            return "seen", self.seen[id(value)][0]
        self.seen[id(value)] = len(self.seen), value
        if isinstance(value, list):
            return "list", *map(self, value)
        if isinstance(value, dict):
            return "dict", *((self(key), self(each)) for key, each in value.items())
        if isinstance(value, types.FunctionType) and package_of(value) in self.packages:
            return self._function(value)
        if isinstance(value, type) and package_of(value) in self.packages:
            return self._class(value)
        if isinstance(value, type | types.ModuleType) or hasattr(value, "__qualname__"):
            return _full_name(value)
        if package_of(type(value)) in self.packages and not isinstance(value, nn.Module):
            return "object", self(type(value)), self(getattr(value, "__dict__", None))
        return "a", _full_name(type(value))

    def _function(self, function: types.FunctionType) -> object:
        code, cells = function.__code__, function.__closure__ or ()
        used = {name: function.__globals__[name] for name in _globals(code) if name in function.__globals__}
        used |= {name: _content(cell) for name, cell in zip(code.co_freevars, cells, strict=True)}
        defaults = self(function.__defaults__), self(function.__kwdefaults__)
        return (
            "function",
            definition_of(code) or self(code),
            *defaults,
            *((name, self(used[name])) for name in sorted(used)),
        )

    def _class(self, kind: type) -> object:
        members = [  # without attributes of Python itself, such as __static_attributes__, which has no fixed order
            (name, self(value))
            for name, value in sorted(vars(kind).items(), key=lambda item: item[0])
            if isinstance(value, types.FunctionType) or not (name.startswith("__") and name.endswith("__"))
        ]
        return "class", kind.__name__, *map(self, kind.__bases__), *members


def _globals(code: types.CodeType) -> set[str]:
    """The names that code and the functions defined in it look up outside themselves."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_globals(each) for each in code.co_consts if isinstance(each, types.CodeType)))


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def package_of(value: object) -> str:
    """The top-level package of a function or class, or of what a ``functools.partial`` or an instance calls."""
    while isinstance(value, functools.partial):
        value = value.func
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.partition(".")[0]


def _full_name(value: object) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', ''))}"
