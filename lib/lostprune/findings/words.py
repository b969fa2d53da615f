"""Numbers as words: what all sentences share."""

from __future__ import annotations

import xarray as xr

from .. import metrics
from ..metrics.repetitions import over_repetitions
from ..published.labels import accuracy_label


def spread(values: xr.DataArray, with_deviation: bool = True) -> str:
    """Mean over repetitions in percent, with the standard deviation where several have a value."""
    mean, deviation = over_repetitions(values)
    several = with_deviation and int(values.notnull().sum()) > 1
    return f"{float(mean):.1f} ± {float(deviation):.1f}%" if several else f"{float(mean):.1f}%"


def signed(number: float, digits: int = 1) -> str:
    """``+0.3``, ``-1.2``; what rounds to zero is ``+0.0``, never ``-0.0``."""
    return f"{round(number, digits) + 0.0:+.{digits}f}"


def above(low: float, high: float, threshold: float = 0.0) -> bool | None:
    """Whether a whole interval lies above a threshold (True) or below it (False); else None."""
    return True if low > threshold else False if high < threshold else None


def trained_on(values: xr.DataArray | xr.Dataset) -> str:
    """What the train distribution is: ``nominal data``, or ``the 10 train distributions`` after robust training."""
    train, _ = metrics.groups(values)
    return "nominal data" if len(train) == 1 else f"the {len(train)} train distributions"


def listing(items: list[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def count(number: float, what: str) -> str:
    """``1 image``, ``10 images``."""
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def counts_pixels(part: xr.Dataset) -> bool:
    """Whether its errors are those of segmentation, over the pixels of all images: no number of images is a margin."""
    return accuracy_label(part.attrs["dataset"]) == "mean IoU"


def by_answer(answers: dict[str, bool | None]) -> str:
    """``holds for WT and FT; is unclear for PFP``, from whether something holds for each method."""
    words = {True: "holds for", False: "does not hold for", None: "is unclear for"}
    groups = {word: [method for method, one in answers.items() if one is answer] for answer, word in words.items()}
    return "; ".join(f"{word} {listing(methods)}" for word, methods in groups.items() if methods)
