"""The status page names what the book holds, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import xarray as xr
from nbformat.v4 import new_code_cell, new_notebook, new_output

import lostprune
from fixtures.synthetic import results_of
from lostprune import published, results
from lostprune.book import exhibits, pages, shown
from lostprune.prune_retrain.cells import chains_of
from lostprune.published import exhibits as published_exhibits

ROOT = Path(__file__).parents[2]


FIGURE = {"mystnb": {"figure": {"caption": "A figure.", "name": "fig-accuracy-resnet20"}}}
TABLE = "```{table} A table.\n:name: tab-recipe-resnet20\n\n| a |\n```"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A book with one page, which shows Table 3 and the figure of Appendix B, and the dataset that it rests on."""
    for folder in ("notebooks", "book/pages"):
        (tmp_path / folder).mkdir(parents=True)
    nbformat.write(new_notebook(), tmp_path / "notebooks" / "appendix_b_pruning.ipynb")
    write_pages(tmp_path, network="resnet20")
    write_page(tmp_path, [new_output("display_data", {"text/markdown": TABLE})])
    study = lostprune.Study(network="resnet20")
    dataset = results_of(repetitions=study.repetitions)["curves"].assign_attrs(study_key=study.key)
    for method, repetition in chains_of(study):
        chain = dataset.sel(pruner=[method], repetition=[repetition])
        results.write(study.key, "curves", (method, repetition), chain, tmp_path / "book")  # to book/results
    return tmp_path


def write_pages(root: Path, **parameters: str) -> None:
    inside = ", ".join(f"{name}: {value}" for name, value in parameters.items())
    entry = f"appendix: {{notebook: appendix_b_pruning, parameters: {{{inside}}}}}\n"
    (root / "book" / "pages.yml").write_text(entry)


def write_page(root: Path, outputs: list) -> None:
    """The page as it was built: a cell with a table, and one with a figure, which left these outputs."""
    cells = [new_code_cell("table", outputs=outputs), new_code_cell("figure", metadata=FIGURE, outputs=outputs)]
    nbformat.write(new_notebook(cells=cells), root / "book" / "pages" / "appendix.ipynb")


def status(root: Path) -> str:
    listed = pages.read_pages(root).values()
    return exhibits.markdown(exhibits.built(listed), shown.read(listed, root))


def rows(root: Path) -> dict[str, str]:
    """Name in the paper -> what the status page says of where it is."""
    lines = (re.split(r" +\| +", line.strip("| ")) for line in status(root).splitlines())
    return {row[0]: row[2] for row in lines if len(row) == 3}


def names(root: Path) -> set[str]:
    return {name for name, where in rows(root).items() if "numref" in where}


def test_every_table_and_figure_of_the_paper_is_listed(checkout: Path):
    listed = [name for name in rows(checkout) if re.match(r"(Table|Figure) \d", name)]
    assert listed == [f"Table {i}" for i in range(1, 14)] + [f"Figure {i}" for i in range(1, 61)]
    assert set(exhibits.PLACES) <= set(listed)


def test_what_is_shown_has_its_place_scale_and_date(checkout: Path):
    assert names(checkout) == {"Table 3"}
    assert rows(checkout)["Table 3"] == (
        "ResNet20: {numref}`tab-recipe-resnet20` (quick, 2026-11-22); "
        "not yet: ResNet56, ResNet110, VGG16, DenseNet22, WRN16-8"
    )
    assert rows(checkout)["Figure 10"] == "not yet"
    counts = re.findall(
        r"this book shows (\d+) for all of their networks and methods, and (\d+) for some of them; (\d+) are",
        status(checkout),
    )
    assert counts == [("0", "1", "12"), ("0", "0", "60")]


def test_on_other_data_an_exhibit_counts_with_the_data_named(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    study = lostprune.Study(network="resnet20")
    object.__setattr__(study, "network", "resnet18")
    object.__setattr__(study, "dataset", "tiny_imagenet")
    page = exhibits.Built("appendix_b_pruning", checkout / "book" / "pages" / "appendix.ipynb", (study,))
    vars(page)["labels"] = {"tab-recipe-resnet18"}
    text = exhibits.markdown([page], {study: results_of()})
    assert "ResNet18: {numref}`tab-recipe-resnet18` (on Tiny-ImageNet, 2,000 test images, quick, 2026-11-22)" in text


def test_of_a_study_with_some_methods_an_exhibit_is_shown_in_part(checkout: Path):
    study = lostprune.Study(network="vgg16", methods=("WT", "FT"))
    page = exhibits.Built("appendix_c_function_distance", checkout / "book" / "pages" / "appendix.ipynb", (study,))
    vars(page)["labels"] = {"fig-c-similarity-vgg16-quick"}
    text = exhibits.markdown([page], {study: results_of()})
    assert text.count("{numref}`fig-c-similarity-vgg16-quick`") == 1  # Figure 19; 25 is about SiPP and PFP
    page = exhibits.Built("all_networks", page.target, (study,))
    vars(page)["labels"] = {"tab-all-filters-nominal"}
    text = exhibits.markdown([page], {study: results_of()})
    assert "VGG16: {numref}`tab-all-filters-nominal` (quick, 2026-11-22, FT only)" in text


def remove_results(root: Path) -> None:
    shutil.rmtree(root / "book" / "results")


def other_scale(root: Path) -> None:
    write_pages(root, network="resnet20", scale="reduced")


def results_of_another_version(root: Path) -> None:
    (path,) = root.rglob("WT-r0.nc")
    dataset = xr.load_dataset(path).assign_attrs(schema=1)
    dataset.to_netcdf(path)


def damaged_results(root: Path) -> None:
    (path,) = root.rglob("WT-r0.nc")
    path.write_bytes(path.read_bytes()[:1000])


def a_chain_is_missing(root: Path) -> None:
    (path,) = root.rglob("PFP-r0.nc")
    path.unlink()


def no_page(root: Path) -> None:
    (root / "book" / "pages.yml").write_text("{}\n")


def no_figure(root: Path) -> None:
    write_page(root, [])


@pytest.mark.parametrize(
    "change",
    [remove_results, other_scale, results_of_another_version, damaged_results, a_chain_is_missing, no_page, no_figure],
)
def test_what_is_not_there_is_not_claimed(checkout: Path, change):
    change(checkout)
    assert names(checkout) == set()


def test_results_of_robust_training_are_not_those_of_nominal_training(checkout: Path):
    (page,) = exhibits.built(pages.read_pages(checkout).values())
    (study,) = page.studies
    object.__setattr__(study, "training", "robust")
    assert "numref" not in exhibits.markdown([page], {study: results_of()})


def test_a_label_that_a_place_names_is_in_its_notebook():
    for notebook, place in set(exhibits.PLACES.values()):
        source = (ROOT / "notebooks" / f"{notebook}.ipynb").read_text()
        label = re.sub(r"{\w+}", "(<<|{)(network|training|scale)(>>|})", place)
        assert re.search(label, source), (notebook, place)


def test_the_list_agrees_with_the_numbers_of_the_paper():
    networks = {one.name: set(one.networks) for one in (*published_exhibits.tables(), *published_exhibits.figures())}
    assert networks["Table 2"] == set(published.table_2().network.values)
    assert networks["Table 9"] == networks["Table 10"] == set(published.overparameterization().network.values)
    assert networks["Table 12"] == networks["Table 13"] == set(published.overparameterization("robust").network.values)
    assert networks["Table 4"] | networks["Table 6"] | networks["Table 8"] == set(published.NETWORKS)
    # Single networks, as the captions name them.
    named = {"Figure 15": "vgg16", "Figure 27": "wrn16_8", "Figure 33": "densenet22", "Figure 38": "resnet20"}
    named |= {"Figure 51": "resnet110", "Figure 60": "wrn16_8"} | dict.fromkeys(
        ["Figure 37", "Figure 47"], "deeplabv3_resnet50"
    )
    assert all(networks[name] == {network} for name, network in named.items())


def test_the_page_is_written_where_the_book_includes_it(checkout: Path):
    exhibits.write(pages.read_pages(checkout).values(), {}, checkout)
    (included,) = re.findall(r"```{include} (\S+)", (ROOT / "book" / "status.md").read_text())
    assert "Figure 60" in (checkout / "book" / included).read_text()
