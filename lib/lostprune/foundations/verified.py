"""What this process has already checked, and what came of it: one memory for checkpoints, data sets and archives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

outcomes: dict[tuple, Exception | None] = {}


def state_of(*paths: Path) -> tuple:
    """What tells files from changed ones: their sizes and times of change. Raises OSError if one is missing."""
    facts = [(path, path.stat()) for path in paths]
    return tuple((str(path), fact.st_size, fact.st_mtime_ns, fact.st_ino) for path, fact in facts)


def once(state: tuple, check: Callable[[], object], again: bool = False) -> None:
    """Call ``check`` unless it was called for the same ``state``; what it raised then is raised again.

    Args:
        state: a hashable state of the checked things, such as :func:`state_of` its files.
        check: raises an Exception if that is wrong.
        again: call it in any case.
    """
    if again or state not in outcomes:
        try:
            check()
        except Exception as reason:
            if isinstance(reason, OSError) and reason.errno is not None:
                raise  # of the disk or network, and not of what was read: it may pass
            outcomes[state] = reason
        else:
            outcomes[state] = None
    reason = outcomes[state]
    if reason is not None:
        raise reason


def is_known_to_be_wrong(state: tuple) -> bool:
    """Whether :func:`once` has already raised something for ``state``."""
    return outcomes.get(state) is not None
