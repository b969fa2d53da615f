"""What is written by hand says what the code says: pages.yml, the hand-written pages, the README."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import nbformat
import papermill
import pytest
import torch
import yaml

import lostprune
from lostprune import networks, pruning, results
from lostprune.book import pages, shown
from lostprune.networks.ladders import TRAININGS

ROOT = Path(__file__).parents[2]


def test_every_page_of_the_real_book_has_its_notebook_and_its_place():
    listed = pages.read_pages(ROOT)
    for page in listed.values():
        assert set(page.parameters) <= set(papermill.inspect_notebook(page.source)), page.name
    toc = (ROOT / "_toc.yml").read_text()
    assert set(re.findall(r"book/pages/(\S+)", toc)) == set(listed)


def test_pages_of_one_notebook_have_labels_of_their_own():
    """In figures and in the tables that the code makes, a label names what the page is about."""
    listed = pages.read_pages(ROOT).values()
    notebooks = [page.notebook for page in listed]
    for page in listed:
        if notebooks.count(page.notebook) > 1:
            cells = nbformat.read(page.source, 4).cells
            figures = [
                cell.metadata.mystnb.figure.name for cell in cells if "figure" in cell.metadata.get("mystnb", {})
            ]
            made = [label for cell in cells for label in re.findall(r"[\"']((?:tab|fig)-[^\"']+)", cell.source)]
            for label in (*figures, *made):
                assert re.search(r"<<\w+>>|{\w+}", label), (page.notebook, label)


def test_the_schema_page_is_the_schema():
    text = (ROOT / "book" / "result_schema.md").read_text()
    listed = {}
    for section in text.split("### Part `")[1:]:
        part, _, body = section.split("\n## ")[0].partition("`")
        rows = re.findall(r"^\| `(\w+)`( \(optional\))? \| ([^|]*) \| ([^|]*)\|", body, re.MULTILINE)
        listed[part] = [
            (name, tuple(re.findall(r"\w+", dims)), optional, yes.strip()) for name, optional, dims, yes in rows
        ]
    assert set(listed) == set(results.PARTS)
    for part, schema in results.PARTS.items():
        assert {name: dims for name, dims, optional, _ in listed[part] if not optional} == schema.variables
        assert {name: dims for name, dims, optional, _ in listed[part] if optional} == schema.optional
        assert tuple(name for name, _, _, yes in listed[part] if yes) == schema.fractions
    attributes = re.findall(r"^\| (`[^|]*`) \|", text.partition("## Attributes")[2].partition("\n## ")[0], re.MULTILINE)
    assert set(re.findall(r"\w+", " ".join(attributes))) == results.ATTRIBUTES
    dimensions = re.findall(r"^\| `(\w+)` \|", text.partition("## Dimensions")[2].partition("\n## ")[0], re.MULTILINE)
    every = [dims for schema in results.PARTS.values() for dims in (schema.variables | schema.optional).values()]
    used = {dim for dims in every for dim in dims}
    assert set(dimensions) == used


@pytest.mark.parametrize("page", ["README.md", "book/change_the_architecture.md"])
def test_the_network_that_a_page_registers_can_be_pruned(page: str):
    (code,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
        if "@networks" in block
    ]
    exec(code, {"__name__": "__main__"})
    network = networks.build("mynet", num_classes=10).eval()
    inputs = torch.randn(16, 3, 32, 32)
    assert network(inputs).shape == (16, 10)
    for method in pruning.METHODS:
        masks = pruning.prune(network, method, 0.5, inputs)
        assert pruning.prune_ratio(network, masks) == pytest.approx(0.5, abs=0.05)


def test_the_study_in_the_readme_is_in_the_book_and_nothing_is_trained(store: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_RESULTS", str(ROOT / "book" / "results"))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "lostprune.run(" in block]
    found = {}
    exec(code, found)
    assert found["curves"].pruner.values.tolist() == found["error"].pruner.values.tolist() == ["WT", "PFP"]
    assert not list(store.rglob("*.safetensors"))


def test_the_page_on_architectures_runs_to_its_end():
    text = (ROOT / "book" / "change_the_architecture.md").read_text()
    code = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert "images[:256]" in code
    found = {"__name__": "__main__"}
    exec(code.replace("images[:256]", "images[:16]"), found)
    assert pruning.prune_ratio(found["network"], found["masks"]) == pytest.approx(0.5, abs=0.05)


def test_the_page_on_pruned_networks_runs_as_it_stands(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_STORE", str(shared))
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "book" / "use_a_pruned_network.md").read_text()
    code = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    # the same on fewer images: at "smoke" a chain has two cycles
    code = code.replace('scale="quick"', 'scale="smoke", repetitions=1').replace("cycle=3", "cycle=2")
    found = {}
    exec(code, found)
    images = torch.randn(5, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(found["small"](images), found["network"](images), rtol=0, atol=1e-4)
        again = torch.export.load("small_resnet20.pt2").module()(images)
        torch.testing.assert_close(again, found["small"](images), rtol=0, atol=1e-5)
    assert pruning.parameters(found["small"]) < 0.6 * pruning.parameters(found["network"])


def test_contributing_names_files_that_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = {name for name in re.findall(r"`([\w./]+/[\w./]*)`", text) if "NAME" not in name and "PACKAGE" not in name}
    assert len(named) > 30
    missing = {
        name for name in named if not (ROOT / name).exists() and not (ROOT / "lib" / "lostprune" / name).exists()
    }
    assert missing == set()


def test_every_room_of_the_library_is_on_the_map():
    rooms = {folder.name for folder in (ROOT / "lib" / "lostprune").iterdir() if (folder / "__init__.py").is_file()}
    assert rooms <= set(re.findall(r"`(\w+)/`", (ROOT / "CONTRIBUTING.md").read_text()))


def test_the_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == lostprune.__version__
    entry = re.search(r"@\w+{liebenwein2021lost,.*?\n}", (ROOT / "book" / "references.bib").read_text(), re.DOTALL)[0]
    paper = citation["preferred-citation"]
    assert paper["title"] in entry and f"{paper['start']}--{paper['end']}" in entry and str(paper["year"]) in entry
    assert all(author["family-names"] in entry for author in paper["authors"])


def test_every_public_room_is_in_the_reference():
    text = "".join(path.read_text() for path in (ROOT / "book" / "reference").glob("*.md"))
    for name in lostprune.__all__:
        if isinstance(getattr(lostprune, name), ModuleType):
            assert f".. automodule:: lostprune.{name}\n" in text, name
        elif callable(getattr(lostprune, name)):
            assert re.search(rf"^.. auto(function|class):: {name}$", text, re.MULTILINE), name


def test_the_pages_of_several_networks_show_all_studies_of_the_book():
    listed = pages.read_pages(ROOT)
    of_one = {
        study
        for page in listed.values()
        if "network" in page.parameters
        for study in shown.studies_of(page)
        if study.training in TRAININGS  # these pages are about no other kind of training
    }
    for page in listed.values():
        if "studies" in page.parameters:
            assert of_one <= set(shown.studies_of(page)), page.name
