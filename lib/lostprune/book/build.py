"""The book: runs the pages that are out of date, then builds the HTML from all of them."""

from __future__ import annotations

import hashlib
import importlib.util
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from ..foundations import threads
from ..foundations.choices import check_choice
from ..foundations.progress import in_words
from .kernels import preload
from .pages import BookError, Page, read_pages
from .status_line import StatusLine

EXPLORER = Path(__file__).parent / "explorer"
AT_ONCE = 2  # pages, where there are as many cores


def build(root: Path, names: tuple[str, ...] = (), force: bool = False, say: Callable[[str], object] = print) -> Path:
    """Run the pages that are out of date, then build the HTML; returns the page to open.

    Args:
        root: the checkout.
        names: run only these pages, and those that do not exist yet, without which there is no book.
        force: run them even if they are up to date.
        say: called with each line of progress.

    Raises:
        ValueError: an unknown page.
        BookError: a page that fails, jupyter-book missing, or any warning of its build.
    """
    if importlib.util.find_spec("jupyter_book") is None:
        raise BookError("jupyter-book is not installed; run pip install -e '.[book]' in the checkout")
    pages = read_pages(root)
    for name in names:
        check_choice("page", name, pages)
    for stale in set((root / "book" / "pages").glob("*.ipynb")) - {page.target for page in pages.values()}:
        stale.unlink()
    titles = {name: f"[{number}/{len(pages)}] {name}" for number, name in enumerate(pages, start=1)}
    due = []
    for page in pages.values():
        wanted = not names or page.name in names
        if not page.target.exists() or wanted and (force or not page.is_up_to_date()):
            due.append(page)
        else:
            say(f"{titles[page.name]}: {'up to date' if wanted else 'left as it is'}")
    _run(due, titles, say)
    _write_lists(pages, root)
    return _build_html(root, say)


def _run(due: list[Page], titles: dict[str, str], say: Callable[[str], object]) -> None:
    """Run pages in processes of their own, some at once, which share the cores; after a failure no more begin."""
    count = max(1, min(AT_ONCE, threads.cores(), len(due)))
    waiting, running, failures = list(due), {}, []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="lostprune-")))
        spawn = multiprocessing.get_context("spawn")
        pool = opened.enter_context(ProcessPoolExecutor(count, spawn, _begin, (count,)))
        while waiting or running:
            while waiting and len(running) < count:
                page = waiting.pop(0)
                _tell(say, f"{titles[page.name]}: running {page.source.name}")
                note = folder / f"{page.name}.json"
                task = pool.submit(page.run, note)
                running[task] = opened.enter_context(_status_line(titles[page.name], note, say))
            for task in wait(running, return_when=FIRST_COMPLETED).done:
                running.pop(task).close()
                if task.exception() is not None:
                    waiting.clear()
                    failures.append(task.exception())
                    _tell(say, f"a page failed{'; waiting for the other one' if running else ''}")
    if failures:
        raise failures[0]


def _begin(count: int) -> None:
    """In a process that runs pages: its kernels share the cores, or they would wait for each other, and start fast."""
    if count > 1:
        os.environ["OMP_NUM_THREADS"] = str(threads.threads_for_each(count))
    preload()


def _status_line(title: str, note: Path, say: Callable[[str], object]) -> StatusLine:
    began = time.monotonic()
    computing = (
        f"{title}: results are missing from book/results and are computed; if it is stopped, the same command resumes"
    )
    return StatusLine(
        title, note, lambda: in_words(time.monotonic() - began), on_computing=lambda: _tell(say, computing)
    )


def _tell(say: Callable[[str], object], line: str) -> None:
    with tqdm.external_write_mode(file=sys.stderr):  # above the lines of the pages that run
        say(line)


def _write_lists(pages: dict[str, Page], root: Path) -> None:
    """Write what lists all pages, unless they are those that it was written from."""
    folder = root / "book" / "pages"
    stamp, written = folder / ".listed", (folder / "status.md", folder / "explorer.html")
    static = (file for file in sorted(EXPLORER.iterdir()) if file.suffix in (".css", ".html", ".js"))
    made_from = [*pages, *(page.digest() for page in pages.values()), *(file.read_text("utf-8") for file in static)]
    digest = hashlib.sha256(" ".join(made_from).encode()).hexdigest()
    if stamp.is_file() and all(file.is_file() for file in written) and stamp.read_text() == digest:
        return
    from . import exhibits, explorer, shown  # here: they need torch, which takes seconds

    found = shown.read(pages.values(), root)
    exhibits.write(pages.values(), found, root)
    explorer.write(found, root)
    stamp.write_text(digest)


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
