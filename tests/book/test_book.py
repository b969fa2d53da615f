"""Pages are run when they are out of date, and the book is built from them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fixtures.small_book import PAGES, ROOT, SmallBook
from lostprune.book import build, pages
from lostprune.published.labels import network_label


def write_notebook(root: Path, *cells) -> None:
    """A notebook `tiny` with the parameters `network`, `dataset` and `beside`, and the given cells."""
    defaults = new_code_cell(
        'network: str = "vgg16"  # which network\n'
        'dataset: str = "cifar10"  # trained on what\n'
        'beside: list = ["a"]  # what else',
        metadata={"tags": ["parameters"]},
    )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(metadata=kernel, cells=[defaults, *cells]), root / "notebooks" / "tiny.ipynb")


def write_pages(root: Path, pages: dict) -> None:
    (root / "book" / "pages.yml").write_text(yaml.safe_dump(pages, sort_keys=False))
    chapters = [{"file": file} for file in ["book/references", *(f"book/pages/{name}" for name in pages)]]
    toc = {"format": "jb-book", "root": "book/index", "chapters": chapters}
    (root / "_toc.yml").write_text(yaml.safe_dump(toc))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A checkout with a book of one page, made with the real book's configuration."""
    for folder in ("notebooks", "book/results/resnet20-study"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / folder, tmp_path / "book" / folder)
    for file in ("_config.yml", "book/references.bib", "book/references.md", "book/favicon.svg"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "book" / "index.md").write_text("# A tiny book\n\nSee {numref}`fig-resnet20`.\n")
    (tmp_path / "book" / "results" / "resnet20-study" / "curves.nc").write_bytes(b"numbers")
    write_notebook(tmp_path)
    write_pages(tmp_path, {"tiny-resnet20": {"notebook": "tiny", "parameters": {"network": "resnet20"}}})
    return tmp_path


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages are only stamped, and no HTML is built: for tests of what is run and when. Lists the names that ran."""
    ran = []

    def stamp(page: pages.Page, progress_note: Path | None = None) -> None:
        ran.append(page.name)
        page.target.parent.mkdir(exist_ok=True)
        page.target.write_text(json.dumps({"metadata": {"lostprune": {"digest": page.digest()}}}))

    monkeypatch.setattr(pages.Page, "run", stamp)
    monkeypatch.setattr(build, "ProcessPoolExecutor", lambda *_: ThreadPoolExecutor(1))  # what is set here holds there
    built = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(build.subprocess, "run", lambda *_, **__: built)
    return ran


def test_the_book_is_built_from_published_results_and_computes_none(book: SmallBook):
    count = len(PAGES)
    titles = {f"[{number}/{count}] {name}" for number, name in enumerate(PAGES, start=1)}
    *ran, building, opened = book.said
    assert {line.partition(": running")[0] for line in ran} == titles
    assert building == "building the HTML" and opened == f"open {book.html / 'index.html'}"
    assert not list((book.root / "store").rglob("*.safetensors"))


def test_a_page_has_its_title_and_the_index_its_number(book: SmallBook):
    for name, page in PAGES.items():
        if "network" in page.parameters:
            text = (book.html / "book" / "pages" / f"{name}.html").read_text()
            assert network_label(page.parameters["network"]) in text and not re.search(r"&lt;&lt;\w+&gt;", text)
    assert re.search(r"Fig\. \d", (book.html / "book" / "index.html").read_text())


def test_a_removed_page_leaves_nothing(book: SmallBook):
    assert not list(book.root.rglob("gone.*"))


def made(root: Path, **parameters) -> nbformat.NotebookNode:
    """The notebook `tiny` as a page."""
    return papermill.execute_notebook(
        root / "notebooks" / "tiny.ipynb",
        None,
        parameters=parameters,
        engine_name="lostprune-book",
        kernel_name="python3",
        cwd=root,
        progress_bar=False,
    )


def test_a_page_shows_what_was_run_and_no_progress_bar(tiny: Path):
    figure = {
        "mystnb": {"figure": {"caption": "The <<accuracy_label>> of <<network_label>>.", "name": "fig-<<network>>"}}
    }
    write_notebook(
        tiny,
        *(new_markdown_cell(name, metadata={"tags": [f"only-beside-{name}"]}) for name in ("a", "b-c", "d")),
        new_code_cell("from tqdm.notebook import tqdm\nfor step in tqdm(range(2)):\n    pass"),
        new_code_cell(
            "import holoviews as hv\nimport panel as pn\n"
            "pn.config.console_output = 'disable'\nhv.extension('bokeh', logo=False)"
        ),
        new_code_cell("hv.Curve([1, 2])", metadata=figure),
    )
    page = made(tiny, network="resnet20", dataset="voc", beside=["b-c", "d"])
    by_tag = {tag: cell for cell in page.cells for tag in cell.metadata.get("tags", [])}
    assert "remove-cell" in by_tag["parameters"].metadata.tags
    assert 'network = "resnet20"' in by_tag["injected-parameters"].source
    # A section about what was not run is dropped.
    assert [cell.source for cell in page.cells if cell.cell_type == "markdown"] == ["b-c", "d"]
    assert page.cells[-1].metadata.mystnb.figure == {"caption": "The mean IoU of ResNet20.", "name": "fig-resnet20"}
    kinds = {kind for cell in page.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert "text/html" in kinds
    assert "application/vnd.jupyter.widget-view+json" not in kinds
    assert not any("holoviews" in kind and "exec" in kind for kind in kinds)
    assert "widgets" not in page.metadata


def test_a_warning_is_an_error(tiny: Path):
    write_pages(tiny, {})  # the index refers to a figure that is not there
    with pytest.raises(pages.BookError, match="fig-resnet20"):
        build.build(tiny, say=lambda line: None)


def test_a_mark_without_a_parameter_is_refused_before_the_run(tiny: Path):
    write_notebook(tiny, new_markdown_cell("# <<netwrok>>"), new_code_cell("open('ran', 'w').close()"))
    with pytest.raises(ValueError, match="<<netwrok>>.*expected one of network"):
        made(tiny)
    assert not (tiny / "ran").exists()


def test_a_failing_cell_leaves_no_page(tiny: Path):
    write_notebook(tiny, new_code_cell("1 / 0"))
    page = pages.read_pages(tiny)["tiny-resnet20"]
    with pytest.raises(
        pages.BookError, match=r"tiny.ipynb failed in cell \[\d\], ZeroDivisionError: division by zero"
    ) as error:
        page.run()
    assert not page.target.exists()
    assert "ZeroDivisionError" in Path(str(error.value).rpartition(": ")[2]).read_text()


@pytest.mark.parametrize(
    "entry, message",
    [
        ({"notebook": "none"}, "expected a file"),
        ({"notebok": "tiny"}, "expected {notebook: NAME"),
    ],
)
def test_a_wrong_entry_is_named(tiny: Path, entry: dict, message: str):
    write_pages(tiny, {"page": entry})
    with pytest.raises(pages.BookError, match=f"pages.yml: page: .*{message}"):
        pages.read_pages(tiny)


def test_a_page_runs_once(tiny: Path, fast: list[str]):
    for _ in range(2):
        build.build(tiny, say=lambda line: None)
    assert fast == ["tiny-resnet20"]
    build.build(tiny, force=True, say=lambda line: None)
    assert fast == ["tiny-resnet20"] * 2


def change_parameters(root: Path) -> None:
    write_pages(root, {"tiny-resnet20": {"notebook": "tiny", "parameters": {"network": "vgg16"}}})


@pytest.mark.parametrize(
    "change",
    [
        change_parameters,
        lambda root: write_notebook(root, new_markdown_cell("# Edited")),
        lambda root: (root / "book" / "results" / "resnet20-study" / "curves.nc").write_bytes(b"other numbers"),
        lambda root: (root / "book" / "pages" / "tiny-resnet20.ipynb").write_text('{"metadata": {"lostpr'),
    ],
    ids=["parameters", "notebook", "results", "damaged"],
)
def test_a_page_runs_again_when_something_changed(tiny: Path, fast: list[str], change):
    build.build(tiny, say=lambda line: None)
    change(tiny)
    build.build(tiny, say=lambda line: None)
    assert fast == ["tiny-resnet20"] * 2


def test_results_of_another_network_change_nothing(tiny: Path, fast: list[str]):
    build.build(tiny, say=lambda line: None)
    other = tiny / "book" / "results" / "vgg16-study" / "curves.nc"
    other.parent.mkdir()
    other.write_bytes(b"numbers")
    build.build(tiny, say=lambda line: None)
    assert fast == ["tiny-resnet20"]
    change_parameters(tiny)  # the page is about vgg16 now
    before = pages.read_pages(tiny)["tiny-resnet20"].digest()
    other.write_bytes(b"other numbers")
    assert pages.read_pages(tiny)["tiny-resnet20"].digest() != before


def test_after_a_failure_the_running_page_ends_and_no_other_begins(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    began = []

    def fail(page: pages.Page, progress_note: Path) -> None:
        began.append(page.name)
        raise pages.BookError(f"{page.name} failed")

    monkeypatch.setattr(pages.Page, "run", fail)
    monkeypatch.setattr(build, "ProcessPoolExecutor", lambda *_: ThreadPoolExecutor(1))
    write_pages(tiny, {name: {"notebook": "tiny", "parameters": {}} for name in ("one", "two", "three", "four")})
    with pytest.raises(pages.BookError, match="failed"):
        build.build(tiny, say=lambda line: None)
    assert set(began) <= {"one", "two"}


def test_an_edit_of_the_library_puts_pages_out_of_date(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library = tmp_path / "library"
    library.mkdir()
    (library / "figures.py").write_text("COLOR = 'blue'\n")
    monkeypatch.setattr(pages, "LIBRARY", library)
    page = pages.read_pages(tiny)["tiny-resnet20"]
    before = page.digest()
    (library / "figures.py").write_text("COLOR = 'red'\n")
    assert page.digest() != before


def test_named_pages_run_and_missing_ones_too(tiny: Path, fast: list[str]):
    entry = {"notebook": "tiny", "parameters": {}}
    write_pages(tiny, {"one": entry, "two": entry, "three": entry})
    build.build(tiny, ("one", "two"), say=lambda line: None)
    assert fast == ["one", "two", "three"]  # there is no book without the third
    said = []
    build.build(tiny, ("two",), force=True, say=said.append)
    assert said[:3] == ["[1/3] one: left as it is", "[3/3] three: left as it is", "[2/3] two: running tiny.ipynb"]
    with pytest.raises(ValueError, match="page: got 'tow', expected one of one, two, three; did you mean 'two'"):
        build.build(tiny, ("tow",))
