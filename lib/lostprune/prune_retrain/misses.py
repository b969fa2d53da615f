"""Keep ratios that cycles miss: said in the log, once for each chain and reason."""

from __future__ import annotations

import logging

from ..pruning import Missed
from .cells import Cell, name_of

log = logging.getLogger("lostprune")


class Misses:
    """Logs why keep ratios are missed, and remembers what it has logged.

    A ratio that is missed once is often missed for the same reason in every later cycle, so only the first is a
    warning. Rounding to whole filters is no warning at all: it is part of the method, and results record the ratio that
    was reached. Everything else is logged at level INFO.
    """

    def __init__(self) -> None:
        self._said: set[tuple[str, int, str]] = set()

    def say(self, cell: Cell, missed: Missed) -> None:
        said = (*cell[:2], missed.reason)
        known = missed.reason == "steps" or said in self._said
        self._said.add(said)
        log.log(logging.INFO if known else logging.WARNING, "%s: %s", name_of(cell), missed.text)
