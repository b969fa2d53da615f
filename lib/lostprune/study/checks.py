"""Checks of the fields of studies and scales; each raises what says what was got and what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable


def whole_number(name: str, got: object, at_least: int) -> None:
    """Raise ValueError unless a value is a whole number and large enough."""
    if isinstance(got, bool) or not isinstance(got, int) or got < at_least:
        raise ValueError(f"{name}: got {got!r}, expected a whole number of at least {at_least}")


def number(name: str, got: object, expected: str, fits: Callable[[float], bool]) -> None:
    """Raise ValueError unless a value is a finite number that fits."""
    if isinstance(got, bool) or not isinstance(got, int | float) or not math.isfinite(got) or not fits(got):
        raise ValueError(f"{name}: got {got!r}, expected {expected}")


def each_once(name: str, got: object) -> tuple:
    """Several values as a tuple. Raises TypeError if they are not several, ValueError if one is there twice."""
    if isinstance(got, str) or not isinstance(got, Iterable):
        raise TypeError(f"{name}: got {got!r}, expected several, such as ({got!r},)")
    values = tuple(got)
    if len(set(values)) < len(values):
        raise ValueError(f"{name}: got {values}, expected each of them once")
    return values
