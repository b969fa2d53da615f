"""Which of the paper's tables and figures the book shows, where, and at which scale: found out, not kept by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pandas as pd

from ..published.exhibits import Exhibit, figures, tables
from ..published.labels import label, network_label
from ..study import Study
from .shown import Results, studies_of

if TYPE_CHECKING:
    from .pages import Page

NOT_YET = "not yet"
# Where an exhibit may be shown: notebook, and the label of a figure or table there. It is shown once a page that was
# built from that notebook has the label, on results that are in book/results.
_B, _D, _ALL = "appendix_b_pruning", "appendix_d_prune_potential", "all_networks"
_C = "appendix_c_function_distance"
_6, _E = "06_robust_pruning", "appendix_e_robust_pruning"
PLACES = {
    "Table 1": ("03_methodology", "tab-methods-{network}"),
    "Table 2": (_ALL, "tab-all-potential-{training}"),
    **{f"Table {number}": (_B, "tab-recipe-{network}") for number in (3, 5, 7)},
    **{f"Table {number}": (_ALL, "tab-all-prune-results-{training}") for number in (4, 6, 8)},
    **{f"Table {number}": (_ALL, "tab-all-weights-{training}") for number in (9, 12)},
    **{f"Table {number}": (_ALL, "tab-all-filters-{training}") for number in (10, 13)},
    "Table 11": (_6, "tab-corruptions-{network}-{scale}"),
    "Figure 1": ("01_introduction", "fig-introduction-{network}"),
    "Figure 2": ("03_methodology", "fig-curves-{network}"),
    "Figure 3": ("04_function_distance", "fig-informative-{network}-{scale}"),
    "Figure 4": ("04_function_distance", "fig-similarity-{network}-{scale}"),
    **{f"Figure {number}": (_C, "fig-c-informative-{network}-{scale}") for number in (12, 13)},
    **{f"Figure {number}": (_C, "fig-c-corrupted-{network}-{scale}") for number in (14, 15)},
    **{f"Figure {number}": (_C, "fig-c-similarity-{network}-{scale}") for number in range(16, 28)},
    "Figure 5": ("05_prune_potential", "fig-noise-images-{network}"),
    **{f"Figure {number}": ("05_prune_potential", "fig-bars-{network}") for number in (6, 7)},
    **{f"Figure {number}": (_ALL, "fig-all-difference-{training}") for number in (9, 48)},
    "Figure 10": (_ALL, "fig-all-accuracy-{training}"),
    "Figure 11": (_B, "fig-accuracy-{network}"),
    "Figure 28": (_ALL, "fig-all-noise-{training}"),
    **{f"Figure {number}": (_D, "fig-d-detail-{network}") for number in range(29, 38)},
    "Figure 38": (_D, "fig-d-margins-{network}"),
    **{f"Figure {number}": (_D, "fig-d-excess-{network}") for number in range(39, 48)},
    "Figure 8": (_6, "fig-robust-bars-{network}-{scale}"),
    **{f"Figure {number}": (_E, "fig-e-detail-{network}-{training}-{scale}") for number in range(49, 55)},
    **{f"Figure {number}": (_E, "fig-e-excess-{network}-{training}-{scale}") for number in range(55, 61)},
}


@dataclass(frozen=True)
class Built:
    """A page as it was built.

    Attributes:
        notebook: the stem of its source, such as ``"03_methodology"``.
        target: the notebook with outputs.
        studies: the studies that it shows.
    """

    notebook: str
    target: Path
    studies: tuple[Study, ...]

    @cached_property
    def labels(self) -> set[str]:
        """Labels of the figures and tables that are there: of cells that left an output."""
        found = set()
        for cell in nbformat.read(self.target, 4).cells:
            outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
            if outputs:
                found.add(cell.metadata.get("mystnb", {}).get("figure", {}).get("name"))
            for data in outputs:
                found.update(re.findall(r"^:name: (\S+)$", data.get("text/markdown", ""), re.MULTILINE))
        return found - {None}


@dataclass
class Shown:
    """What the book shows of a network in an exhibit: references with what each rests on, and the methods in them."""

    references: list[str]
    methods: set[str]


def write(pages: Iterable[Page], found: Results, root: Path) -> None:
    """Write ``book/pages/status.md``, which ``book/status.md`` includes.

    Args:
        pages: the pages of ``book/pages.yml``, after they ran.
        found: the contents of ``book/results``.
        root: the checkout.
    """
    path = root / "book" / "pages" / "status.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(built(pages), found), encoding="utf-8")


def built(pages: Iterable[Page]) -> list[Built]:
    """The pages that can hold exhibits of the paper, as they were built."""
    notebooks = {notebook for notebook, _ in PLACES.values()}
    return [Built(page.notebook, page.target, studies_of(page)) for page in pages if page.notebook in notebooks]


def markdown(pages: Iterable[Built], found: Results) -> str:
    """The tables and figures of the paper as MyST Markdown: two tables, and how many are shown."""
    pages, text = list(pages), []
    for kind, exhibits in (("tables", tables()), ("figures", figures())):
        shown = {exhibit: _shown(exhibit, pages, found) for exhibit in exhibits}
        whole = sum(_is_whole(exhibit, where) for exhibit, where in shown.items())
        part = sum(bool(where) for where in shown.values()) - whole
        text.append(
            f"## {kind.capitalize()}\n\nOf the {len(exhibits)} {kind} of the paper, this book shows {whole} for all of "
            f"their networks and methods, and {part} for some of them; "
            f"{len(exhibits) - whole - part} are {NOT_YET} shown."
        )
        rows = [[exhibit.name, _what(exhibit), _where(exhibit, where)] for exhibit, where in shown.items()]
        frame = pd.DataFrame(rows, columns=["in the paper", "what it shows", "in this book"])
        text.append(frame.to_markdown(index=False, disable_numparse=True))
    return "\n\n".join(text) + "\n"


def _shown(exhibit: Exhibit, pages: list[Built], found: Results) -> dict[str, Shown]:
    """What is shown of every network, or of ``""`` for what is about none."""
    notebook, place = PLACES.get(exhibit.name, (None, ""))
    shown: dict[str, Shown] = {}
    for page in pages:
        for study in page.studies if page.notebook == notebook else ():
            name = place.format(network=study.network, training=study.training, scale=study.scale.name)
            if study not in found or study.training != exhibit.training or name not in page.labels:
                continue
            methods = [method for method in exhibit.methods if method in study.methods]
            if not exhibit.networks:
                shown[""] = Shown([f"{{numref}}`{name}`"], set())
            elif study.network in exhibit.networks and (methods or not exhibit.methods):
                of_network = shown.setdefault(study.network, Shown([], set()))
                only = "" if len(methods) == len(exhibit.methods) else f", {' and '.join(methods)} only"
                of_network.references.append(f"{{numref}}`{name}` ({_basis(study, found)}{only})")
                of_network.methods.update(methods)
    return shown


def _is_whole(exhibit: Exhibit, shown: dict[str, Shown]) -> bool:
    whole = len(shown) == max(1, len(exhibit.networks))
    return whole and all(where.methods >= set(exhibit.methods) for where in shown.values())


def _basis(study: Study, found: Results) -> str:
    """Scale and date of results, and what data they are of where that is not a matter of course.

    CIFAR-10 comes whole; of ImageNet and VOC, a smaller relative or a part may be all that there is.
    """
    parts = found[study]
    attributes = next(iter(parts.values())).attrs
    basis = [attributes["scale"], attributes["date"][:10]]
    if study.dataset != "cifar10":
        basis.insert(0, f"on {label(study.dataset)}")
        if "shift" in parts:
            basis.insert(1, f"{int(parts['shift'].images.max()):,} test images")
    return ", ".join(basis)


def _what(exhibit: Exhibit) -> str:
    if len(exhibit.networks) == 1:
        return f"{exhibit.shows}: {network_label(exhibit.networks[0])}"
    return exhibit.shows


def _where(exhibit: Exhibit, shown: dict[str, Shown]) -> str:
    if not shown:
        return NOT_YET
    texts = {network: ", ".join(where.references) for network, where in shown.items()}
    if len(exhibit.networks) < 2:
        return "; ".join(texts.values())
    missing = [network_label(network) for network in exhibit.networks if network not in shown]
    rest = [f"{NOT_YET}: {', '.join(missing)}"] if missing else []
    return "; ".join([*(f"{network_label(network)}: {where}" for network, where in texts.items()), *rest])
