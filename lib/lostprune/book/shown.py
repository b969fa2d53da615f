"""The studies that the book shows, and their results: the only place of the book that reads ``book/results``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from .. import results
from ..campaign.studies import parse
from ..study import Study

if TYPE_CHECKING:
    from .pages import Page

Results = Mapping[Study, Mapping[str, xr.Dataset]]  # the parts of every study, by name


def studies_of(page: Page) -> tuple[Study, ...]:
    """What a page shows: the study of its parameters, or those that its parameter ``studies`` lists.

    Raises:
        ValueError, TypeError: the parameters name no valid study.
    """
    if "studies" in page.parameters:
        return tuple(parse(page.parameters["studies"]))
    if "network" not in page.parameters:
        return ()
    fields = {field.name for field in dataclasses.fields(Study)}
    return (Study(**{name: value for name, value in page.parameters.items() if name in fields}),)


def read(pages: Iterable[Page], root: Path) -> Results:
    """What ``book/results`` holds of the studies of these pages, each study once, in the order of the pages.

    Parts of which a chain is not there or cannot be used are left out, and studies without any. Outcomes per image are
    dropped.
    """
    studies = dict.fromkeys(study for page in pages for study in studies_of(page))
    found = {study: _parts_of(study, root / "book") for study in studies}
    return {study: parts for study, parts in found.items() if parts}


def _parts_of(study: Study, folder: Path) -> dict[str, xr.Dataset]:
    datasets = {part: results.read_study(study, part, folder) for part in results.PARTS}
    per_image = ["wrong", "pixels"]
    return {
        part: dataset.drop_vars(per_image, errors="ignore") for part, dataset in datasets.items() if dataset is not None
    }
