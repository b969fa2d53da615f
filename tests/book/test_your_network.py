"""Notebook 07, which audits a network that is written in it, with weights from a file."""

from __future__ import annotations

import hashlib
import json
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


def test_audits_a_network_from_a_file_of_weights(tmp_path: Path, weights: Path, store: Path):
    small = {"train_images": 64, "test_images": 100, "retrain_epochs": 1, "corruptions": ["contrast"]}
    made = papermill.execute_notebook(
        SOURCE,
        tmp_path / SOURCE.name,
        parameters={"weights": str(weights), "methods": ["WT", "FT"], "keep_ratios": [0.8], "delta": 0.05, **small},
        cwd=tmp_path,
        progress_bar=False,
        kernel_name="python3",
    )
    shown = {cell.id: [output.get("data", {}) for output in cell.outputs] for cell in made.cells if "outputs" in cell}
    assert ":::{table}" in shown["verdicts"][-1]["text/markdown"]
    assert shown["guidelines"][-1]["text/markdown"].count("\n") >= 4
    page = shown["comparison"][-1]["text/html"]
    assert "iframe" in page and "Rotated" in page and "Contrast" in page
    folders = {folder for path in store.rglob("*.nc") for folder in path.relative_to(store).parts[:-1]}
    assert {"curves", "shift", "comparisons"} <= folders
    (parent,) = store.rglob("parent-r0.json")
    facts = json.loads(parent.read_text())
    # Not trained, but read: weights that do not fit are refused in tests/networks/test_weights.py.
    assert facts["history"] == [] and facts["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
