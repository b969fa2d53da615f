"""Runs cells as a page of the book does. Spawned processes can import this module, not one of tests."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

from lostprune.book import kernels


def run_cells(folder: Path, *sources: str, **options: object) -> list[str]:
    """What each cell prints."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    place = {"metadata": {"path": str(folder)}}
    options |= {"resources": place, "extra_arguments": ["--log-level=CRITICAL"]}
    NotebookClient(notebook, kernel_name="python3", **options).execute()
    printed = ([output.text for output in cell.outputs if output.output_type == "stream"] for cell in notebook.cells)
    return ["".join(lines).strip() for lines in printed]


def run_preloaded(folder: Path, source: str) -> None:
    """In a process of its own, with no more libraries than a kernel needs."""
    kernels.LIBRARIES[:] = ["lostprune", "ipykernel.kernelapp"]
    kernels.preload()
    run_cells(folder, source)
