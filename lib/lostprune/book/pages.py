"""The pages of the book that notebooks make: which notebook with which parameters makes which page."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError

LIBRARY = Path(__file__).resolve().parents[1]
# A page holds scripts and markup of these: another version of them cannot show it.
RENDERERS = ("bokeh", "holoviews", "panel")


class BookError(RuntimeError):
    """The book cannot be built; the message says why and what to do."""


@dataclass(frozen=True)
class Page:
    """One entry of ``book/pages.yml``: which notebook with which parameters makes which page."""

    root: Path
    name: str
    notebook: str
    parameters: dict

    @property
    def source(self) -> Path:
        return self.root / "notebooks" / f"{self.notebook}.ipynb"

    @property
    def target(self) -> Path:
        return self.root / "book" / "pages" / f"{self.name}.ipynb"

    def digest(self) -> str:
        """Of everything the page depends on: notebook, parameters, library, published results, renderers.

        A page about one network depends on results of that network alone; their folders begin with its name.
        """
        versions = [importlib.metadata.version(package) for package in RENDERERS]
        content = hashlib.sha256(json.dumps([self.parameters, versions], sort_keys=True).encode())
        prefix = f"{self.parameters['network']}-" if "network" in self.parameters else ""
        results = [file for study in _results(self.root) if study.name.startswith(prefix) for file in _files(study)]
        for file in [self.source, *sorted(LIBRARY.rglob("*.py")), *results]:
            content.update(f"{file.parent.name}/{file.name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
        return content.hexdigest()

    def is_up_to_date(self) -> bool:
        """Whether the page there is was made from what lies here now."""
        try:
            made_from = json.loads(self.target.read_text(encoding="utf-8"))["metadata"]["lostprune"]["digest"]
        except (OSError, ValueError, KeyError):
            return False
        return made_from == self.digest()

    def run(self, progress_note: Path | None = None) -> None:
        """Execute the notebook; the page appears whole or not at all.

        Args:
            progress_note: file in which its kernel notes its progress.

        Raises:
            BookError: a cell failed (the notebook with the error is kept), or the process that ran it died.
        """
        digest, unfinished = self.digest(), self.root / "_build" / "unfinished" / self.target.name
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        try:
            page = papermill.execute_notebook(
                self.source,
                unfinished,
                parameters=self.parameters,
                engine_name="lostprune-book",
                kernel_name="python3",
                cwd=self.root,
                progress_bar=False,
                progress_note=progress_note,
            )
        except papermill.PapermillExecutionError as error:
            raise BookError(
                f"{self.name}: {self.source.name} failed in cell [{error.exec_count}], {error.ename}: {error.evalue}\n"
                f"The notebook as far as it came, with the whole error: {unfinished}"
            ) from error
        except DeadKernelError as error:
            raise BookError(
                f"{self.name}: the process that ran {self.source.name} died, most often for lack of memory; "
                "what it had finished is kept, and the same command resumes"
            ) from error
        page.metadata["lostprune"] = {"digest": digest}
        nbformat.write(page, unfinished)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(unfinished, self.target)


def _results(root: Path) -> list[Path]:
    return sorted(folder for folder in (root / "book" / "results").glob("*") if folder.is_dir())


def _files(study: Path) -> list[Path]:
    return sorted(study.rglob("*.nc"))


def find_checkout() -> Path:
    """The folder that holds ``lib`` and ``book``, from wherever the command is called.

    Raises:
        BookError: the package does not lie in a checkout.
    """
    root = LIBRARY.parents[1]
    if not (root / "book" / "pages.yml").is_file():
        raise BookError(
            f"the book is part of the repository, and lostprune was installed without it: got {LIBRARY}, expected "
            "book/pages.yml beside lib/; clone the repository and run pip install -e '.[book]' in it"
        )
    return root


def read_pages(root: Path) -> dict[str, Page]:
    """The pages of ``book/pages.yml`` by name. Raises BookError where an entry is not right."""
    pages = {}
    for name, entry in yaml.safe_load((root / "book" / "pages.yml").read_text(encoding="utf-8")).items():
        if not isinstance(entry, dict) or "notebook" not in entry or set(entry) - {"notebook", "parameters"}:
            raise BookError(f"pages.yml: {name}: got {entry!r}, expected {{notebook: NAME, parameters: {{...}}}}")
        page = pages[name] = Page(root, name, entry["notebook"], entry.get("parameters") or {})
        if not page.source.is_file():
            raise BookError(f"pages.yml: {name}: got notebook {page.notebook!r}, expected a file {page.source}")
    return pages
