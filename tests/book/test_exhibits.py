"""The status page names what the book holds, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import xarray as xr
from nbformat.v4 import new_code_cell, new_notebook

import lostprune
from fixtures.synthetic import results_of
from lostprune import published, results
from lostprune.book import exhibits, pages
from lostprune.published import exhibits as published_exhibits

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A book with the page of one notebook, which shows Figure 9 and Table 4, and the dataset that it rests on."""
    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    figure = {"mystnb": {"figure": {"caption": "A figure.", "name": "fig-difference-<<network>>"}}}
    cells = [new_code_cell("1", metadata=figure), new_code_cell('f"tab-prune-results-{network}"')]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "appendix_b_pruning.ipynb")
    write_pages(tmp_path, network="resnet20")
    study = lostprune.Study(network="resnet20")
    dataset = results_of()["curves"].assign_attrs(study_key=study.key)
    results.write(study.key, "curves", dataset, tmp_path / "book")  # to book/results
    return tmp_path


def write_pages(root: Path, **parameters: str) -> None:
    inside = ", ".join(f"{name}: {value}" for name, value in parameters.items())
    entry = f"appendix: {{notebook: appendix_b_pruning, parameters: {{{inside}}}}}\n"
    (root / "book" / "pages.yml").write_text(entry)


def rows(root: Path) -> dict[str, str]:
    """Name in the paper -> what the status page says of where it is."""
    text = exhibits.markdown(exhibits.pages_of(pages.read_pages(root), root))
    return {
        row[0]: row[2] for row in (re.split(r" +\| +", line.strip("| ")) for line in text.splitlines()) if len(row) == 3
    }


def shown(root: Path) -> set[str]:
    return {name for name, where in rows(root).items() if "numref" in where}


def test_every_table_and_figure_of_the_paper_is_listed(checkout: Path):
    listed = [name for name in rows(checkout) if re.match(r"(Table|Figure) \d", name)]
    assert listed == [f"Table {i}" for i in range(1, 14)] + [f"Figure {i}" for i in range(1, 61)]
    assert set(exhibits.PLACES) <= set(listed)


def test_what_is_shown_has_its_place_scale_and_date(checkout: Path):
    assert shown(checkout) == {"Figure 9", "Table 4"}
    assert rows(checkout)["Figure 9"] == (
        "ResNet20: {numref}`fig-difference-resnet20` (quick, 2026-11-22); "
        "not yet: ResNet56, ResNet110, VGG16, DenseNet22, WRN16-8"
    )
    assert rows(checkout)["Figure 10"] == "not yet"
    text = exhibits.markdown(exhibits.pages_of(pages.read_pages(checkout), checkout))
    assert (
        "Of the 60 figures of the paper, this book shows 0 for all of their networks and 1 for some of them; 59" in text
    )


def remove_results(root: Path) -> None:
    shutil.rmtree(root / "book" / "results")


def other_scale(root: Path) -> None:
    write_pages(root, network="resnet20", scale="reduced")


def results_of_another_version(root: Path) -> None:
    (path,) = root.rglob("curves.nc")
    dataset = xr.load_dataset(path).assign_attrs(schema=1)
    dataset.to_netcdf(path)


def damaged_results(root: Path) -> None:
    (path,) = root.rglob("curves.nc")
    path.write_bytes(path.read_bytes()[:1000])


def no_page(root: Path) -> None:
    (root / "book" / "pages.yml").write_text("{}\n")


def no_figure(root: Path) -> None:
    nbformat.write(new_notebook(), root / "notebooks" / "appendix_b_pruning.ipynb")


@pytest.mark.parametrize(
    "change",
    [remove_results, other_scale, results_of_another_version, damaged_results, no_page, no_figure],
)
def test_what_is_not_there_is_not_claimed(checkout: Path, change):
    change(checkout)
    assert shown(checkout) == set()


def test_results_of_robust_training_are_not_those_of_nominal_training(checkout: Path):
    (page,) = exhibits.pages_of(pages.read_pages(checkout), checkout)
    object.__setattr__(page.study, "training", "robust")
    assert "numref" not in exhibits.markdown([page])


def test_a_label_that_a_place_names_is_in_its_notebook():
    for notebook, label in set(exhibits.PLACES.values()):
        source = ROOT / "notebooks" / f"{notebook}.ipynb"
        assert label in exhibits.Shown(source, lostprune.Study(), ROOT).labels, (notebook, label)


def test_of_the_real_book_every_place_that_is_named_is_there():
    listed = pages.read_pages(ROOT)
    text = exhibits.markdown(exhibits.pages_of(listed, ROOT))
    places = re.findall(r"{numref}`(\S+)-(\w+)` \((\w+), \d{4}-\d\d-\d\d\)", text)
    sources = {(page.parameters.get("network"), page.parameters.get("scale")): [] for page in listed.values()}
    for page in listed.values():
        sources[page.parameters.get("network"), page.parameters.get("scale")].append(page.source.read_text())
    for label, network, scale in places:
        assert any(label in text for text in sources[network, scale]), (label, network, scale)


def test_the_list_agrees_with_the_numbers_of_the_paper():
    networks = {one.name: set(one.networks) for one in (*published_exhibits.tables(), *published_exhibits.figures())}
    assert networks["Table 2"] == set(published.table_2().network.values)
    assert networks["Table 9"] == networks["Table 10"] == set(published.overparameterization().network.values)
    assert networks["Table 12"] == networks["Table 13"] == set(published.overparameterization("robust").network.values)
    assert networks["Table 4"] | networks["Table 6"] | networks["Table 8"] == set(published.NETWORKS)
    # Single networks, as the captions name them.
    named = {"Figure 15": "vgg16", "Figure 27": "wrn16_8", "Figure 33": "densenet22", "Figure 37": "deeplabv3_resnet50"}
    named |= {
        "Figure 38": "resnet20",
        "Figure 47": "deeplabv3_resnet50",
        "Figure 51": "resnet110",
        "Figure 60": "wrn16_8",
    }
    assert all(networks[name] == {network} for name, network in named.items())


def test_the_page_is_written_where_the_book_includes_it(checkout: Path):
    exhibits.write(pages.read_pages(checkout), checkout)
    (included,) = re.findall(r"```{include} (\S+)", (ROOT / "book" / "status.md").read_text())
    assert "Figure 60" in (checkout / "book" / included).read_text()
