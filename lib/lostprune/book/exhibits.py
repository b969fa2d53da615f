"""Which of the paper's tables and figures the book shows, where, and at which scale: found out, not kept by hand."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pandas as pd

from .. import results
from ..published.exhibits import Exhibit, figures, tables
from ..published.labels import network_label
from ..study import Study

if TYPE_CHECKING:
    from .pages import Page

NOT_YET = "not yet"
# Networks of the paper that are not run here.
_OTHERS = {"resnet18": "ResNet18", "resnet101": "ResNet101", "deeplabv3": "DeeplabV3"}
# Where an exhibit may be shown: notebook, and the label of a figure or table there, without the network that ends it.
# It is shown once a page of the book runs that notebook for its network and training, on results in book/results.
_D = "appendix_d_prune_potential"
PLACES = {
    "Table 1": ("03_methodology", "tab-methods"),
    "Table 2": ("05_prune_potential", "tab-potential"),
    "Table 3": ("appendix_b_pruning", "tab-recipe"),
    "Table 4": ("appendix_b_pruning", "tab-prune-results"),
    "Table 9": (_D, "tab-d-overparameterization"),
    "Table 10": (_D, "tab-d-overparameterization"),
    "Figure 1": ("05_prune_potential", "fig-noise"),
    "Figure 2": ("03_methodology", "fig-curves"),
    "Figure 5": ("05_prune_potential", "fig-noise-images"),
    "Figure 6": ("05_prune_potential", "fig-bars"),
    "Figure 9": ("appendix_b_pruning", "fig-difference"),
    "Figure 28": (_D, "fig-d-noise"),
    **{f"Figure {number}": (_D, "fig-d-detail") for number in range(29, 35)},
    "Figure 38": (_D, "fig-d-margins"),
    **{f"Figure {number}": (_D, "fig-d-excess") for number in range(39, 45)},
}


@dataclass(frozen=True)
class Shown:
    """A page of the book that rests on results which are part of it.

    Attributes:
        source: its notebook.
        study: what the page shows.
        folder: ``book``; the page counts only if the study's datasets are in its folder ``results``.
    """

    source: Path
    study: Study
    folder: Path

    @cached_property
    def labels(self) -> set[str]:
        """Labels of the figures and tables of the notebook, without the network that ends them."""
        found = set()
        for cell in nbformat.read(self.source, 4).cells:
            if cell.cell_type == "code":
                found.add(cell.metadata.get("mystnb", {}).get("figure", {}).get("name", ""))
                found.update(re.findall(r'f"(tab-[\w-]+-\{network\})"', cell.source))
        return {re.sub(r"-(<<network>>|\{network\})$", "", label) for label in found - {""}}

    @cached_property
    def provenance(self) -> str | None:
        """Scale and date of the results that are part of the book; ``None`` if there are none that can be used."""
        parts = [path.name for path in sorted((self.folder / "results" / self.study.key).glob("*"))]
        datasets = [results.read_study(self.study, part, self.folder) for part in parts]
        if not datasets or any(dataset is None for dataset in datasets):
            return None
        return f"{datasets[0].attrs['scale']}, {datasets[0].attrs['date'][:10]}"


def write(pages: Mapping[str, Page], root: Path) -> None:
    """Write ``book/pages/status.md``, which ``book/status.md`` includes, for the pages of ``book/pages.yml``."""
    path = root / "book" / "pages" / "status.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(pages_of(pages, root)), encoding="utf-8")


def pages_of(pages: Mapping[str, Page], root: Path) -> list[Shown]:
    """The pages of the book whose notebooks show exhibits of the paper, with what they show."""
    fields = {field.name for field in dataclasses.fields(Study)}
    shown = []
    for page in pages.values():
        if any(page.notebook == notebook for notebook, _ in PLACES.values()):
            study = Study(**{name: value for name, value in page.parameters.items() if name in fields})
            shown.append(Shown(page.source, study, root / "book"))
    return shown


def markdown(pages: Iterable[Shown]) -> str:
    """The tables and figures of the paper as MyST Markdown: two tables, and how many are shown."""
    pages = [page for page in pages if page.provenance]
    text = []
    for kind, exhibits in (("tables", tables()), ("figures", figures())):
        found = {exhibit: _found(exhibit, pages) for exhibit in exhibits}
        whole = sum(len(where) == max(1, len(one.networks)) for one, where in found.items())
        part = sum(bool(where) for where in found.values()) - whole
        text.append(
            f"## {kind.capitalize()}\n\nOf the {len(exhibits)} {kind} of the paper, this book shows {whole} for all of "
            f"their networks and {part} for some of them; {len(exhibits) - whole - part} are {NOT_YET} shown."
        )
        rows = [[exhibit.name, _what(exhibit), _where(exhibit, where)] for exhibit, where in found.items()]
        frame = pd.DataFrame(rows, columns=["in the paper", "what it shows", "in this book"])
        text.append(frame.to_markdown(index=False, disable_numparse=True))
    return "\n\n".join(text) + "\n"


def _found(exhibit: Exhibit, pages: list[Shown]) -> dict[str, str]:
    """For every network that is shown, or ``""`` for what is about none: a reference to it, its scale and date."""
    notebook, label = PLACES.get(exhibit.name, (None, None))
    found = {}
    for page in pages:
        network = page.study.network
        if page.source.stem != notebook or label not in page.labels or page.study.training != exhibit.training:
            continue
        reference = f"{{numref}}`{label}-{network}`"
        if not exhibit.networks:
            found[""] = reference
        elif network in exhibit.networks:
            found[network] = f"{reference} ({page.provenance})"
    return found


def _what(exhibit: Exhibit) -> str:
    if len(exhibit.networks) == 1:
        return f"{exhibit.shows}: {_name(exhibit.networks[0])}"
    return exhibit.shows


def _where(exhibit: Exhibit, found: dict[str, str]) -> str:
    if not found:
        return NOT_YET
    if len(exhibit.networks) < 2:
        return "; ".join(found.values())
    missing = [_name(network) for network in exhibit.networks if network not in found]
    rest = [f"{NOT_YET}: {', '.join(missing)}"] if missing else []
    return "; ".join([*(f"{_name(network)}: {reference}" for network, reference in found.items()), *rest])


def _name(network: str) -> str:
    return _OTHERS.get(network) or network_label(network)
