"""Table 1: the pruning methods."""

from __future__ import annotations

import pandas as pd

from .table import Table

_METHODS = {
    "WT": ("unstructured (weights)", "weight thresholding", "no", "$|W_{ij}|$", "global"),
    "SiPP": ("unstructured (weights)", "sensitivity-informed pruning", "yes", r"$\propto |W_{ij} a_j(x)|$", "global"),
    "FT": ("structured (filters)", "filter thresholding", "no", r"$\lVert W_{:j} \rVert_1$", "local"),
    "PFP": (
        "structured (filters)",
        "provable filter pruning",
        "yes",
        r"$\propto \lVert W_{:j} a(x) \rVert_\infty$",
        "local",
    ),
}


def methods(name: str) -> Table:
    """Table 1: what the four pruning methods remove, and by which measure.

    Args:
        name: label in the book.
    """
    columns = ("type", "name", "looks at data", "sensitivity", "scope")
    frame = pd.DataFrame.from_dict(_METHODS, "index", columns=columns).rename_axis("method")
    caption = (
        "The pruning methods. $W$ are the weights of a layer, $a(x)$ its input activations for a sample $x$; "
        "what has the smallest sensitivity goes first, over all layers (global) or within each (local)."
    )
    return Table(frame, caption, name)
