"""The parts that there are; one more is a class in a file of its own, and a line here."""

from __future__ import annotations

from .curves import Curves
from .informative import Informative
from .masking import Masking
from .noise import Noise
from .part import Part
from .severities import Severities
from .shift import Shift

PARTS: dict[str, type[Part]] = {part.name: part for part in (Curves, Shift, Severities, Noise, Informative, Masking)}
