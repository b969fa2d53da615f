"""Table 11: the corruptions of the train and of the test distribution, by category."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from .. import metrics, published
from ..corruptions import CATEGORIES
from ..published.labels import label
from .table import MISSING, Table


def distributions(shift: xr.Dataset, name: str) -> Table:
    """Table 11: what networks were trained on and what they were tested on beside that, the paper's table beside it.

    Args:
        shift: the part whose distributions are listed.
        name: label in the book.
    """
    corrupted = {one for names in CATEGORIES.values() for one in names}
    members = {"nominal": [one for one in shift.distribution.values.tolist() if one not in corrupted], **CATEGORIES}
    printed = published.train_and_test_distribution()
    columns = {}
    for group, names in zip(("train", "test"), metrics.groups(shift), strict=True):
        columns[f"{group}, here"] = [_cell([one for one in names if one in kind]) for kind in members.values()]
        columns[f"{group}, paper"] = [_cell(printed[group][category]) for category in members]
    frame = pd.DataFrame(columns, index=list(members))[
        [f"{group}, {who}" for who in ("here", "paper") for group in ("train", "test")]
    ]
    caption = "The train and test distributions of these results, compared with the paper's Table 11."
    return Table(frame.rename_axis("category"), caption, name)


def _cell(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(map(label, names)) or MISSING
