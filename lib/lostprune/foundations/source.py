"""The definition that a function was compiled from, without comments and layout.

Byte code differs between versions of Python, definitions do not. So digests of them outlive an update of Python.
"""

from __future__ import annotations

import ast
import functools
import linecache
import types
from collections.abc import Iterator

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DOCUMENTED = _FUNCTIONS | ast.ClassDef


def definition_of(code: types.CodeType) -> tuple | None:
    """A function's syntax tree in tuples, without docstrings.

    ``None`` where it is not known: the source is not there, has changed since, or was generated.
    """
    lines = tuple(linecache.getlines(code.co_filename))
    known = _definitions(lines)
    return known.get(code) if lines else None


@functools.lru_cache(maxsize=64)
def _definitions(lines: tuple[str, ...]) -> dict[types.CodeType, tuple]:
    """The definitions in a file or cell, by what they compile to: code that is equal was compiled from this one."""
    try:
        tree = ast.parse("".join(lines))
        whole = compile(tree, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # a cell with magic commands
        return {}
    functions, lambdas = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            functions[node.name, first] = node
        elif isinstance(node, ast.Lambda):
            body = node.body
            lambdas[body.lineno, body.end_lineno, body.col_offset, body.end_col_offset] = node
    found = {}
    for code in _nested(whole):
        node = functions.get((code.co_name, code.co_firstlineno))
        if code.co_name == "<lambda>":  # one instruction gives back the value of the whole body
            node = next((lambdas[place] for place in code.co_positions() if place in lambdas), None)
        if node is not None:
            found[code] = _in_tuples(node)
    return found


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)


def _in_tuples(node: object) -> object:
    """A syntax tree without positions and without what newer versions of Python add and leave empty."""
    if isinstance(node, list):
        return tuple(map(_in_tuples, node))
    if not isinstance(node, ast.AST):
        return type(node).__name__, repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    given = ((name, _in_tuples(value)) for name, value in fields.items() if value is not None and value != [])
    return type(node).__name__, *given
