"""The book: runs the pages that are out of date, then builds the HTML from all of them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from ..foundations.choices import choose
from . import exhibits, explorer, shown
from .pages import BookError, Page, read_pages

PATIENCE = 20  # seconds until a run says what it may be doing


def build(root: Path, names: tuple[str, ...] = (), force: bool = False, say: Callable[[str], object] = print) -> Path:
    """Run the pages that are out of date, then build the HTML; returns the page to open.

    Args:
        root: the checkout.
        names: run only these pages, and those that do not exist yet, without which there is no book.
        force: run them even if they are up to date.
        say: is told, line by line, what happens.

    Raises:
        ValueError: an unknown page.
        BookError: a page that fails, jupyter-book missing, or any warning of its build.
    """
    if importlib.util.find_spec("jupyter_book") is None:
        raise BookError("jupyter-book is not installed; run pip install -e '.[book]' in the checkout")
    pages = read_pages(root)
    for name in names:
        choose("page", name, pages)
    for stale in set((root / "book" / "pages").glob("*.ipynb")) - {page.target for page in pages.values()}:
        stale.unlink()
    for number, page in enumerate(pages.values(), start=1):
        title = f"[{number}/{len(pages)}] {page.name}"
        wanted = not names or page.name in names
        if not page.target.exists() or wanted and (force or not page.is_up_to_date()):
            _run(page, title, say)
        else:
            say(f"{title}: {'up to date' if wanted else 'left as it is'}")
    found = shown.read(pages.values(), root)
    exhibits.write(pages.values(), found, root)
    explorer.write(found, root)
    return _build_html(root, say)


def _run(page: Page, title: str, say: Callable[[str], object]) -> None:
    say(f"{title}: running {page.source.name}")
    hint = (
        "  still running; results that are missing from book/results are computed first, which takes minutes or more "
        "(if it is stopped, the same command goes on where it was)"
    )
    patience = threading.Timer(PATIENCE, say, [hint])
    patience.start()
    try:
        page.run()
    finally:
        patience.cancel()


def _build_html(root: Path, say: Callable[[str], object]) -> Path:
    say("building the HTML")
    html = root / "_build" / "html"
    shutil.rmtree(html, ignore_errors=True)  # jupyter-book never removes the HTML of a page that is gone
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(root)]
    # --all: the book must not depend on what an earlier build left behind.
    command += ["--all", "-W", "-n", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=os.environ | {"NO_COLOR": "1"})
    if done.returncode:
        warnings = [line for line in done.stderr.splitlines() if line.strip()]
        raise BookError("\n".join(["jupyter-book:", *(warnings or done.stdout.splitlines()[-20:])]))
    return html / "index.html"
