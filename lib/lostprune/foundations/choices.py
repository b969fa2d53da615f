"""One check for every name that a user may choose."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def check_choice(what: str, got: object, known: Iterable[str]) -> None:
    """Raise ValueError unless ``got`` is one of the ``known`` names of ``what``; the message names the nearest."""
    known = tuple(known)
    if got in known:
        return
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(got).lower(), by_lower, n=1)
    hint = f"; did you mean {by_lower[near[0]]!r}?" if near else ""
    raise ValueError(f"{what}: got {got!r}, expected one of {', '.join(known)}{hint}")
