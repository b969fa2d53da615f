"""A table with its caption, and what the cells of all tables share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = "–"


@dataclass(frozen=True)
class Table:
    """A table with its caption; a notebook shows it, the book numbers it.

    Attributes:
        frame: cells are text and may hold Markdown, such as formulas.
        caption: Markdown.
        name: the label that ``{numref}`` refers to.
    """

    frame: pd.DataFrame
    caption: str
    name: str

    def _repr_markdown_(self) -> str:
        """MyST Markdown; a cell that shows it in the book needs the metadata ``mystnb: {markdown_format: myst}``."""
        # A bar would end the cell, in a formula too.
        cells = self.frame.map(lambda cell: cell.replace("|", r"\vert "))
        return f":::{{table}} {self.caption}\n:name: {self.name}\n\n{cells.to_markdown(disable_numparse=True)}\n\n:::"


def with_spread(mean: float, deviation: float) -> str:
    """``84.9 ± 0.2`` of percent; without a deviation where it is NaN."""
    return f"{mean:.1f}" if np.isnan(deviation) else f"{mean:.1f} ± {deviation:.1f}"
