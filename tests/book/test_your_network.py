"""Notebook 07, which audits a network that is written in it, with weights from a file."""

from __future__ import annotations

from pathlib import Path

import nbformat
import papermill
import pytest
import torch

SOURCE = Path(__file__).parents[2] / "notebooks" / "07_your_network.ipynb"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of weights as many repositories publish them, of the network that the notebook writes."""
    (cell,) = [cell for cell in nbformat.read(SOURCE, 4).cells if cell.id == "network"]
    names: dict = {}
    exec("import torch.nn.functional as F\nfrom torch import nn\n" + cell.source, names)
    torch.manual_seed(0)
    state = names["PublicResNet20"]().state_dict()
    path = tmp_path / "weights.th"
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}, "best_prec1": 9.9}, path)
    return path


def run(folder: Path, **parameters) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        SOURCE, folder / SOURCE.name, parameters=parameters, cwd=folder, progress_bar=False, kernel_name="python3"
    )


def test_audits_a_network_from_a_file_of_weights(tmp_path: Path, weights: Path, store: Path):
    small = {"train_images": 64, "test_images": 100, "retrain_epochs": 1, "corruptions": ["contrast"]}
    made = run(tmp_path, weights=str(weights), methods=["WT", "FT"], keep_ratios=[0.8], delta=0.05, **small)
    shown = {cell.id: [output.get("data", {}) for output in cell.outputs] for cell in made.cells if "outputs" in cell}
    assert ":::{table}" in shown["verdicts"][-1]["text/markdown"]
    assert shown["guidelines"][-1]["text/markdown"].count("\n") >= 4
    page = shown["comparison"][-1]["text/html"]
    assert "iframe" in page and "Rotated" in page and "Contrast" in page
    folders = {folder for path in store.rglob("*.nc") for folder in path.relative_to(store).parts[:-1]}
    assert {"curves", "shift", "comparisons"} <= folders


def test_other_parameters_and_weights_that_do_not_fit_are_refused(tmp_path: Path):
    with pytest.raises(papermill.PapermillExecutionError, match="did you mean 'methods'"):
        run(tmp_path, method=["WT"])
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(papermill.PapermillExecutionError, match="missing: conv1.weight"):
        run(tmp_path, weights=str(tmp_path / "other.pth"), test_images=100)


def test_is_clean_and_takes_parameters():
    content = nbformat.read(SOURCE, 4)
    nbformat.validate(content)
    assert not [cell.id for cell in content.cells if cell.get("outputs") or cell.get("execution_count")]
    known = papermill.inspect_notebook(str(SOURCE))
    assert all(one["help"] and one["inferred_type_name"] != "None" for one in known.values())
