"""The notebooks run with papermill, from any folder, and leave figures and datasets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
import xarray as xr

from lostprune import results
from lostprune.book import notebook

NOTEBOOKS = sorted(path for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb") if path.name[:2] != "07")
ALL = {"curves", "shift", "noise"}
DISTANCE = ALL | {"informative"}
PARTS = {
    "01_introduction": {"curves", "noise"},
    "03_methodology": {"curves"},
    "04_function_distance": DISTANCE,
    "05_prune_potential": ALL,
    "06_robust_pruning": {"curves", "shift"},
    "08_discussion": {"curves", "shift"},
    "all_networks": ALL,
    "appendix_b_pruning": {"curves"},
    "appendix_c_function_distance": DISTANCE,
    "appendix_d_prune_potential": ALL,
    "appendix_e_robust_pruning": {"curves", "shift"},
}
FIGURES = {
    "01_introduction": 1,
    "03_methodology": 1,
    "04_function_distance": 5,
    "05_prune_potential": 9,
    "06_robust_pruning": 7,
    "08_discussion": 0,
    "all_networks": 3,
    "appendix_b_pruning": 4,
    "appendix_c_function_distance": 4,
    "appendix_d_prune_potential": 5,
    "appendix_e_robust_pruning": 4,
}
TABLES = {
    "01_introduction": 0,
    "03_methodology": 4,
    "04_function_distance": 0,
    "05_prune_potential": 2,
    "06_robust_pruning": 2,
    "08_discussion": 0,
    "all_networks": 4,
    "appendix_b_pruning": 4,
    "appendix_c_function_distance": 0,
    "appendix_d_prune_potential": 1,
    "appendix_e_robust_pruning": 3,
}
OF_ONE_STUDY = {"network", "dataset", "training", "methods", "repetitions", "scale", "seed"}
OF_SEVERAL = {"studies", "delta"}
SMOKE = {"scale": "smoke", "repetitions": 1, "methods": ["WT", "FT"]}
SMOKE_OF_SEVERAL = {"studies": ["network=resnet20,scale=smoke,repetitions=1,methods=WT+FT"]}


def named(stem: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == stem)


def run(source: Path, folder: Path, **parameters) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        source, folder / source.name, parameters=parameters, cwd=folder, progress_bar=False, kernel_name="python3"
    )


def takes_several(path: Path) -> bool:
    return "studies" in papermill.inspect_notebook(str(path))


def tagged(cells: list, tag: str) -> list[int]:
    return [place for place, cell in enumerate(cells) if tag in cell.metadata.get("tags", [])]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """One store for all notebooks: they show the same networks, which are trained once."""
    return tmp_path_factory.mktemp("shared")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_leaves_figures_and_datasets(path: Path, tmp_path: Path, shared: Path, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_STORE", str(shared))
    made = run(path, tmp_path, **(SMOKE_OF_SEVERAL if takes_several(path) else SMOKE))
    stored = list((shared / "results").rglob("*.nc"))
    assert PARTS[path.stem] <= {file.parent.name for file in stored}
    for file in stored:
        dataset = results.validate(file.parent.name, xr.load_dataset(file))
        assert dataset.sizes["repetition"] == 1 and dataset.attrs["scale"] == "smoke"
    shown = [
        (cell, output.data)
        for cell in made.cells
        if cell.cell_type == "code" and cell.id != "setup"
        for output in cell.outputs
        if output.output_type in ("display_data", "execute_result")
    ]
    (setup,) = [cell for cell in made.cells if cell.id == "setup"]
    assert any("bokeh" in str(output.data) and ".min.js" in str(output.data) for output in setup.outputs)
    figures = [cell.id for cell, data in shown if "figure" in cell.metadata.get("mystnb", {}) and "text/html" in data]
    assert len(figures) == FIGURES[path.stem] and len(set(figures)) == len(figures)
    assert sum(":::{table}" in data.get("text/markdown", "") for _, data in shown) == TABLES[path.stem]
    # What book/index.md shows:
    glued = [output for cell in made.cells if cell.id == "main-finding" for output in cell.outputs]
    names = [output.metadata["scrapbook"]["name"] for output in glued]
    assert names == ["main_finding"] * (path.stem == "05_prune_potential")


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
    assert (OF_SEVERAL if "studies" in known else OF_ONE_STUDY) <= set(known)
    assert all(one["help"] and one["inferred_type_name"] != "None" for one in known.values())
    assert "quick" in known["studies" if "studies" in known else "scale"]["default"]


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"nework": "resnet20"}, "got 'nework', expected one of network, .*did you mean 'network'"),
        ({"network": "resnet2"}, "network: got 'resnet2', expected one of .*did you mean 'resnet20'"),
        ({"open('ran', 'w');scale": "smoke"}, "parameters: got .*open.*expected a value for one of"),
    ],
    ids=["unknown name", "unknown network", "code in a name"],
)
def test_wrong_parameters_are_refused_before_any_work(parameters: dict, message: str, tmp_path: Path, store: Path):
    with pytest.raises(papermill.PapermillExecutionError, match=message):
        run(named("05_prune_potential"), tmp_path, **parameters)
    assert not (tmp_path / "ran").exists()
    assert not list(store.rglob("*"))


def test_papermill_with_one_argument_runs_to_the_end(tmp_path: Path, shared: Path, monkeypatch):
    """Without an output the notebook goes to stdout; the dataset is left all the same."""
    monkeypatch.setenv("LOSTPRUNE_STORE", str(shared))
    command = [sys.executable, "-m", "papermill", str(named("03_methodology")), "-p", "scale", "smoke"]
    done = subprocess.run(
        [*command, "-p", "repetitions", "1", "-y", "{methods: [WT]}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert nbformat.reads(done.stdout, 4).cells[0].source.startswith("# ")
    assert list(shared.rglob("curves/WT-r0.nc"))
