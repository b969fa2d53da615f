"""Table 1: the pruning methods."""

from __future__ import annotations

import pandas as pd

from .. import pruning
from ..pruning.registry import registered
from .table import Table

_TYPES = {"weights": "unstructured (weights)", "filters": "structured (filters)"}


def methods(name: str) -> Table:
    """Table 1: what each registered pruning method removes, and by which measure; the paper's four come first.

    Args:
        name: label in the book.
    """
    rows = {}
    for method in map(registered, pruning.names()):
        looks = "yes" if method.needs_samples else "no"
        rows[method.name] = (_TYPES[method.prunes], method.title, looks, method.sensitivity, method.scope)
    columns = ("type", "name", "looks at data", "sensitivity", "scope")
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    caption = (
        "The pruning methods. $W$ are the weights of a layer, $a(x)$ its input activations for a sample $x$; "
        "what has the smallest sensitivity goes first, over all layers (global) or within each (local)."
    )
    return Table(frame, caption, name)
