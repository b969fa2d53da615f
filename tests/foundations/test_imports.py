"""Code of the user's own, by the name of a file or a module."""

from __future__ import annotations

import sys

import pytest

from lostprune.foundations.imports import import_code, imported


@pytest.fixture(autouse=True)
def tidy(tmp_path, monkeypatch):
    """What a test imports is gone after it."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_file_and_what_stands_beside_it(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "parts_of_it.py").write_text("NUMBER = 3\n")
    (folder / "mynet_of_it.py").write_text("from parts_of_it import NUMBER\ndef build():\n    return NUMBER\n")
    assert imported(f"{folder / 'mynet_of_it.py'}:build")() == 3
    assert import_code("mine/mynet_of_it.py") is sys.modules["mynet_of_it"]  # once


def test_a_module_of_the_current_folder(tmp_path):
    (tmp_path / "module_of_mine.py").write_text("def build():\n    return 4\n")
    assert imported("module_of_mine:build")() == 4
    assert imported("json:dumps")([1]) == "[1]"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("build", "MODULE:NAME"),
        ("nowhere.py:build", "exists"),
        ("no_such_module:build", "no_such_module"),
        ("broken.py:build", "ZeroDivisionError"),
        ("json:lods", "loads"),
        ("json.py:build", "another name"),
    ],
)
def test_what_cannot_be_imported_says_so(tmp_path, reference, message):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "json.py").write_text("def build(): pass\n")
    with pytest.raises(ImportError, match=message):
        imported(reference)
    assert "broken" not in sys.modules
