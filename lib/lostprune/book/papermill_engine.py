"""How papermill runs the notebooks of this package, and makes pages of the book out of them.

papermill loads this module on every call, as it does with the engines of all packages. Without ``--engine``, it then
runs notebooks with :class:`DefaultEngine`; ``papermill --engine lostprune-book notebooks/NAME.ipynb page.ipynb`` makes
the same page by hand as the book's build.
"""

from __future__ import annotations

import ast
import contextlib
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import papermill
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from tqdm.contrib.logging import logging_redirect_tqdm

from ..foundations.progress import in_log, in_words, noted_at
from .status_line import StatusLine

MARK = re.compile(r"<<(\w+)>>")
# Bookkeeping of HoloViews, and widgets: a progress bar is of interest while it moves, and needs scripts from a CDN.
NOT_FOR_READERS = (
    "application/vnd.holoviews_exec.v0+json",
    "application/vnd.holoviews_load.v0+json",
    "application/vnd.jupyter.widget-view+json",
)


class ShowingEngine(NBClientEngine):
    """Runs a notebook like papermill does, and shows below papermill's bar what its kernel does.

    Args:
        progress_note: where the kernel notes its progress, for a caller that shows it; here nothing is shown then.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, progress_note: Path | None = None, **kwargs
    ) -> None:
        # On the terminal the kernel would warn of its local TCP ports and call its own end an error.
        kwargs.setdefault("extra_arguments", ["--log-level=CRITICAL"])
        with noted_at(progress_note) if progress_note else _shown(nb_man, kwargs["input_path"]):
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


class DefaultEngine(NBClientEngine):
    """papermill's own engine, but :class:`ShowingEngine` for notebooks that mention this package."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs) -> None:
        engine = ShowingEngine if any("lostprune" in cell.source for cell in nb_man.nb.cells) else NBClientEngine
        engine.execute_managed_notebook(nb_man, kernel_name, **kwargs)


class BookEngine(ShowingEngine):
    """Runs a notebook, and makes a page of it in four ways.

    - ``<<name>>`` in Markdown cells and in figure captions and labels (cell metadata ``mystnb``) becomes the value of
      the parameter ``name``: one notebook makes several pages with titles and labels of their own. ``<<network>>`` is
      for labels; a reader sees ``<<network_label>>``, such as ResNet20 for resnet20, ``<<training_label>>``, and
      ``<<accuracy_label>>``: what is measured on the data set.
    - The cell with the default parameters goes where other values were injected: it would show what was not run.
    - Cells with a tag ``only-PARAMETER-VALUE`` are dropped where the list ``PARAMETER`` does not have the value: a page
      has no section about what was not run.
    - Outputs that mean nothing to a reader are dropped.

    Raises:
        ValueError: a ``<<name>>`` is not a parameter of the notebook; nothing has been run then.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name: str, **kwargs) -> None:
        notebook = nb_man.nb
        values = _parameters(kwargs["input_path"], notebook)
        notebook.cells[:] = [cell for cell in notebook.cells if _belongs(cell, values)]
        _fill_marks(notebook, values)
        _show_what_was_run(notebook)
        super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        _drop_outputs(notebook)


@contextlib.contextmanager
def _shown(nb_man: NotebookExecutionManager, path: str) -> Iterator[None]:
    """Show what the kernel notes, if papermill is to show its progress."""
    began = time.monotonic()

    def where() -> str:
        return f"{_heading(nb_man.nb)}, {in_words(time.monotonic() - began)}"

    with tempfile.TemporaryDirectory(prefix="lostprune-") as folder, contextlib.ExitStack() as shown:
        note = Path(folder) / "progress.json"
        shown.enter_context(noted_at(note))
        if nb_man.pbar is not None:
            name = Path(path).stem if in_log() else ""  # a terminal has it on the screen
            shown.enter_context(logging_redirect_tqdm())  # papermill's log lines stand above the bars
            shown.enter_context(StatusLine(name, note, where, nb_man.pbar.refresh))
        yield


def _heading(notebook: NotebookNode) -> str:
    """The heading above the cell that runs now."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")), heading)
        elif cell.metadata.get("papermill", {}).get("status") in ("pending", "running"):
            return heading
    return heading


def _parameters(path: str, notebook: NotebookNode) -> dict:
    """The values a notebook is run with: its literal defaults, and over them what papermill was given."""
    values = {}
    for parameter in papermill.inspect_notebook(path).values():
        try:
            values[parameter["name"]] = ast.literal_eval(parameter["default"])
        except (ValueError, SyntaxError):
            continue  # a default that is computed cannot be printed before the run
    # Here: papermill loads this module on every call, and labels bring pandas.
    from ..published.labels import accuracy_label, network_label, training_label

    values |= dict(notebook.metadata["papermill"]["parameters"])
    labels = {
        "network_label": ("network", network_label),
        "training_label": ("training", training_label),
        "accuracy_label": ("dataset", accuracy_label),
    }
    return values | {label: of(values[name]) for label, (name, of) in labels.items() if name in values}


def _belongs(cell: NotebookNode, values: dict) -> bool:
    tags = (tag.split("-", 2) for tag in cell.metadata.get("tags", []) if tag.startswith("only-"))
    return all(value in values[parameter] for _, parameter, value in tags)


def _fill_marks(notebook: NotebookNode, values: dict) -> None:
    def value_of(mark: re.Match) -> str:
        if mark[1] not in values:
            raise ValueError(f"{mark[0]}: got a mark without a parameter, expected one of {', '.join(values)}")
        return str(values[mark[1]])

    def filled(part):
        if isinstance(part, str):
            return MARK.sub(value_of, part)
        if isinstance(part, dict):
            return NotebookNode({key: filled(value) for key, value in part.items()})
        return [filled(value) for value in part] if isinstance(part, list) else part

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = filled(cell.source)
        elif "mystnb" in cell.metadata:
            cell.metadata.mystnb = filled(cell.metadata.mystnb)


def _show_what_was_run(notebook: NotebookNode) -> None:
    if notebook.metadata["papermill"]["parameters"]:
        for cell in notebook.cells:
            tags = cell.metadata.setdefault("tags", [])
            if "parameters" in tags:
                tags.append("remove-cell")
            elif "injected-parameters" in tags:
                tags.append("hide-input")


def _drop_outputs(notebook: NotebookNode) -> None:
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept = []
        for output in cell.outputs:
            if output.output_type in ("display_data", "execute_result"):
                is_widget = NOT_FOR_READERS[-1] in output.data
                data = {kind: value for kind, value in output.data.items() if kind not in NOT_FOR_READERS}
                if is_widget or not data:
                    continue
                output.data = NotebookNode(data)
            kept.append(output)
        cell.outputs = kept


papermill_engines.register(None, DefaultEngine)  # the one that papermill takes without --engine
