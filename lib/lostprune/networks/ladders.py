"""The type of a ladder, the keep ratios that PruneRetrain walks down; a network's own stands where it is registered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

TRAININGS = ("nominal", "robust")  # a network has a ladder for each (Sections 5 and 6)
DIGITS = 12  # of a keep ratio


@dataclass(frozen=True)
class Ladder:
    """The keep ratios of every prune-retrain cycle, as fractions of all parameters.

    Attributes:
        cycles: for each cycle, the ratios that it prunes to, one after the other, before it retrains. A single number
            is a cycle of one step.

    Raises:
        ValueError: no cycle, a ratio outside (0, 1), or ratios that do not fall from step to step.

    Example:
        >>> Ladder((0.85, 0.5, 0.2)).cycles
        ((0.85,), (0.5,), (0.2,))
    """

    cycles: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        cycles = tuple((cycle,) if isinstance(cycle, int | float) else tuple(cycle) for cycle in self.cycles)
        ratios = [1.0, *(ratio for cycle in cycles for ratio in cycle), 0.0]
        falling = all(after < before for before, after in zip(ratios, ratios[1:], strict=False))
        if not cycles or not all(cycles) or not falling:
            raise ValueError(f"ladder: got {self.cycles!r}, expected keep ratios that fall from below 1 to above 0")
        object.__setattr__(self, "cycles", cycles)

    @classmethod
    def in_steps(cls, steps: int, *ratios: Iterable[float]) -> Ladder:
        """The ``ratios``, joined, with ``steps`` of them in a cycle."""
        joined = [ratio for each in ratios for ratio in each]
        return cls(tuple(tuple(joined[i : i + steps]) for i in range(0, len(joined), steps)))

    def shortened(
        self, cycles: int | None = None, smallest: float = 0.0, prune_only_steps: bool = True
    ) -> tuple[tuple[float, ...], ...]:
        """The keep ratios of fewer cycles.

        Args:
            cycles: how many to keep, evenly spaced from the first to the last; ``None`` keeps all.
            smallest: cycles that end below this keep ratio are left out; the first cycle always stays.
            prune_only_steps: whether a cycle prunes in several smaller steps before it retrains, as the original does.
        """
        left = [cycle for cycle in self.cycles if cycle[-1] >= smallest] or list(self.cycles[:1])
        if cycles is not None:
            left = [left[i] for i in sorted({round(float(i)) for i in np.linspace(0, len(left) - 1, cycles)})]
        return tuple(cycle if prune_only_steps else cycle[-1:] for cycle in left)


def geometric(first: float, last: float, count: int) -> list[float]:
    """``count`` keep ratios from ``first`` to ``last``, each the same share of the one before."""
    return _rounded(np.geomspace(first, last, count))


def linear(first: float, last: float, count: int) -> list[float]:
    """``count`` keep ratios from ``first`` to ``last``, each smaller by the same amount."""
    return _rounded(np.linspace(first, last, count))


def _rounded(ratios: np.ndarray) -> list[float]:
    """NumPy's last digits depend on the processor, and a study finds its results by these numbers."""
    return [round(ratio, DIGITS) for ratio in ratios.tolist()]
