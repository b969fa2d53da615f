"""Every notebook runs with papermill, from any folder, and leaves figures, tables and datasets.

They are run for the book, from published results. The one that the README names also trains and measures networks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import papermill
import pytest
import xarray as xr
from nbformat.v4 import new_code_cell
from papermill.translators import PythonTranslator

from fixtures.small_book import PAGES, ROOT, SmallBook
from lostprune import results
from lostprune.book import notebook

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OF_NETWORKS = [path for path in NOTEBOOKS if path.stem != "07_your_network"]  # tested in test_your_network.py
FROM_PUBLISHED = {page.notebook: name for name, page in PAGES.items()}
OF_ONE_STUDY = {"network", "dataset", "training", "methods", "repetitions", "scale", "seed"}
OF_SEVERAL = {"studies", "delta"}


def named(stem: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == stem)


def tagged(cells: list, tag: str) -> list[int]:
    return [place for place, cell in enumerate(cells) if tag in cell.metadata.get("tags", [])]


def check_shown(made: nbformat.NotebookNode) -> None:
    """Each cell that has the caption of a figure, or shows a table, shows one."""
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    for cell in code:
        settings = cell.metadata.get("mystnb", {})
        data = [one.data for one in cell.outputs if one.output_type in ("display_data", "execute_result")]
        if "figure" in settings:
            assert sum("text/html" in one for one in data) == 1, cell.id
        tables = sum(":::{table}" in one.get("text/markdown", "") for one in data)
        assert tables == (settings.get("markdown_format") == "myst"), cell.id
    (setup,) = [cell for cell in code if cell.id == "setup"]
    assert any("bokeh" in str(output.get("data")) and ".min.js" in str(output.data) for output in setup.outputs)


def glued(made: nbformat.NotebookNode) -> list[str]:
    outputs = [output for cell in made.cells if cell.id == "main-finding" for output in cell.outputs]
    return [output.metadata["scrapbook"]["name"] for output in outputs]


def check_left(store: Path, parts: set[str]) -> None:
    """Datasets of these parts, all of them whole and of the scale that was asked for."""
    stored = list((store / "results").rglob("*.nc"))
    assert parts <= {file.parent.name for file in stored}
    for file in stored:
        dataset = results.validate(file.parent.name, xr.load_dataset(file))
        assert dataset.sizes["repetition"] == 1 and dataset.attrs["scale"] == "smoke"


@pytest.mark.parametrize("stem", [path.stem for path in OF_NETWORKS])
def test_a_page_of_the_book_shows_its_figures_and_tables(stem: str, book: SmallBook):
    made = nbformat.read(book.notebook(FROM_PUBLISHED[stem]), 4)
    check_shown(made)
    assert glued(made) == ["main_finding"] * (stem == "05_prune_potential")  # what book/index.md shows


def test_papermill_with_one_argument_trains_measures_and_shows(shared: Path, tmp_path: Path):
    """Without an output the notebook goes to stdout; the datasets are left all the same."""
    given = ["-p", "scale", "smoke", "-p", "repetitions", "1", "-y", "{methods: [WT, FT]}"]
    done = subprocess.run(
        [sys.executable, "-m", "papermill", named("05_prune_potential"), *given],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path,
        env=os.environ | {"LOSTPRUNE_STORE": str(shared)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    check_shown(nbformat.reads(done.stdout, 4))
    check_left(shared, {"curves", "shift", "noise"})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_clean_and_takes_parameters(path: Path):
    content = nbformat.read(path, 4)
    nbformat.validate(content)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
    assert content.cells[0].cell_type == "markdown" and content.cells[0].source.startswith("# ")
    assert content.metadata.kernelspec.name == "python3"
    # The check of setup comes before what papermill injects, which replaces the cell that is tagged for it.
    (parameters,), (injected,) = tagged(content.cells, "parameters"), tagged(content.cells, "injected-parameters")
    assert parameters == 1 and injected == 3 and content.cells[2].source.endswith("notebook.setup()")
    assert not content.cells[injected].source.startswith(notebook.INJECTED)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_parameter_says_its_type_and_what_it_is(path: Path):
    known = papermill.inspect_notebook(str(path))
    assert all(one["help"] and one["inferred_type_name"] != "None" for one in known.values())
    if path in OF_NETWORKS:
        assert (OF_SEVERAL if "studies" in known else OF_ONE_STUDY) <= set(known)
        assert "quick" in known["studies" if "studies" in known else "scale"]["default"]


def test_wrong_parameters_are_refused_before_any_work(tmp_path: Path, store: Path):
    """In one kernel: what papermill would inject, one after the other, and the cells below up to the study."""
    wrong = {"nework": "resnet20"}, {"open('ran', 'w');scale": "smoke"}, {"network": "resnet2"}
    content = nbformat.read(named("05_prune_potential"), 4)
    first = [cell for cell in content.cells if cell.cell_type == "code"][:2]
    below = next(cell for cell in content.cells if "lostprune.Study(" in cell.source)
    injected = [new_code_cell(PythonTranslator.codify(parameters)) for parameters in wrong]
    content.cells = [*first, *injected, below]
    nbclient.NotebookClient(
        content, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    unknown, code, known, study = (
        "".join(output.get("evalue", "") for output in cell.outputs) for cell in content.cells[2:]
    )
    assert "got 'nework'" in unknown and "did you mean 'network'" in unknown
    assert "expected a value for one of" in code and not (tmp_path / "ran").exists()
    assert not known and "network: got 'resnet2'" in study and "did you mean 'resnet20'" in study
    assert not list(store.rglob("*"))
