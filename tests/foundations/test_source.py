"""Definitions: the same whatever their layout, others once the code is, and none that the code was not made from."""

from __future__ import annotations

import importlib.util
import itertools
import linecache
from pathlib import Path

import pytest

from lostprune.foundations.source import definition_of

_numbers = itertools.count()

SOURCE = '''
def scaled(x, factor=2):
    """Scaled."""
    def inner(y):  # a comment
        return y * factor + 1
    return inner(x)

pair = (lambda x: x + 1), (lambda x: x - 1)
'''
SAME = """


# another place
def scaled(x,
           factor = 2):
    def inner(y):
        "Words."
        return (y * factor) + 1

    return inner(x)

pair = (lambda x: x + 1), (
    lambda x: x - 1
)
"""


def module(path: Path, source: str):
    path.write_text(source)
    linecache.checkcache(str(path))
    spec = importlib.util.spec_from_file_location(f"own_{next(_numbers)}", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def definitions(made) -> list[tuple | None]:
    return [definition_of(function.__code__) for function in (made.scaled, *made.pair)]


def test_layout_comments_and_docstrings_do_not_count(tmp_path: Path):
    found = definitions(module(tmp_path / "one.py", SOURCE))
    assert None not in found and len(set(found)) == 3
    assert definitions(module(tmp_path / "other.py", SAME)) == found


@pytest.mark.parametrize("change", [("+ 1\n", "+ 2\n"), ("factor=2", "factor=3"), ("(y)", "(y, z=0)")])
def test_a_changed_function_has_another_definition(tmp_path: Path, change: tuple[str, str]):
    before = definition_of(module(tmp_path / "one.py", SOURCE).scaled.__code__)
    assert definition_of(module(tmp_path / "two.py", SOURCE.replace(*change)).scaled.__code__) not in (before, None)


def test_source_that_was_edited_after_the_import_is_not_taken(tmp_path: Path):
    made = module(tmp_path / "one.py", SOURCE)
    module(tmp_path / "one.py", SOURCE.replace("+ 1", "+ 2"))
    assert definition_of(made.scaled.__code__) is None


def test_generated_code_has_none():
    space = {}
    exec("def f(x): return x", space)
    assert definition_of(space["f"].__code__) is None


def test_a_file_with_errors_has_none(tmp_path: Path):
    made = module(tmp_path / "one.py", SOURCE)
    (tmp_path / "one.py").write_text("def scaled(x:\n")
    linecache.checkcache(str(tmp_path / "one.py"))
    assert definitions(made) == [None, None, None]
