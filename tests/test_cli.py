"""The command `lostprune`, as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lostprune.book import build, pages
from lostprune.cli import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_the_module_is_the_command(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "lostprune", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: lostprune ")
    for command in ("audit", "bench", "book", "campaign", "compare", "data", "verify"):
        assert f"\n  {command} " in done.stdout


def test_data_says_where_it_lies():
    told = call("data")
    assert told.exit_code == 0
    assert told.output.startswith("cifar10: 50,000 train and 10,000 test images, checked, in /")
    assert Path(told.output.strip().rpartition(" in ")[2], "test_images.npy").is_file()


def test_an_unknown_data_set_is_refused():
    told = call("data", "cifar01")
    assert told.exit_code == 1
    assert "got 'cifar01', expected one of cifar10, " in told.output and "did you mean 'cifar10'" in told.output


@pytest.mark.parametrize("arguments", [("cifar10", "--compare"), ("cifar10-c", "--json")])
def test_options_that_the_data_set_does_not_have_are_a_wrong_command(arguments: tuple[str, ...]):
    assert call("data", *arguments).exit_code == 2


def test_a_data_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path):
    (tmp_path / "file").touch()
    told = call("data", "--folder", str(tmp_path / "file" / "data"))
    assert told.exit_code == 1
    assert told.output.startswith("Error: cifar10: cannot write to the data folder")


def test_book_passes_on_what_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked = []

    def build_all(root, names, force, say):
        asked.append((names, force, os.environ["LOSTPRUNE_RESULTS"].split(os.pathsep)))
        return root / "index.html"

    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "pages.yml").touch()
    monkeypatch.setattr(pages, "LIBRARY", tmp_path / "lib" / "lostprune")
    monkeypatch.setattr(build, "build", build_all)
    monkeypatch.setenv("LOSTPRUNE_RESULTS", "mine")
    told = call("book", "one", "two", "--force")
    assert told.output == f"open {tmp_path / 'index.html'}\n"
    assert asked == [(("one", "two"), True, [str(tmp_path / "book" / "results"), str(Path("mine").absolute())])]


def test_without_a_checkout_there_is_no_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(pages, "LIBRARY", tmp_path / "site-packages" / "lostprune")
    told = call("book")
    assert told.exit_code == 1
    assert "expected book/pages.yml beside lib/; clone the repository" in told.output


def test_what_other_libraries_tell_beside_warnings_is_not_shown():
    code = (
        "import logging, lostprune.cli; lostprune.cli.main.callback(); other = logging.getLogger('distributed.core')\n"
        "other.setLevel(logging.INFO); other.info('a worker came'); other.warning('a worker went')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "a worker went\n")
