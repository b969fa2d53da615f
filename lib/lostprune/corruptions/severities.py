"""The severities of a corruption."""

from __future__ import annotations

from numbers import Integral

SEVERITIES = (1, 2, 3, 4, 5)


def check_severity(severity: object) -> None:
    """Raise TypeError or ValueError unless ``severity`` is a whole number from 1 to 5."""
    if isinstance(severity, bool) or not isinstance(severity, Integral):
        raise TypeError(f"severity: got {severity!r}, expected a whole number from 1 to 5")
    if severity not in SEVERITIES:
        raise ValueError(f"severity: got {severity}, expected 1 (weak) to 5 (strong)")
