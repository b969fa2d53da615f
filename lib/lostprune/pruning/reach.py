"""The search for the rung of a ladder whose outcome has the size that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .masks import Masks, pruned_count, vanished

_NEAR = 0.001  # relative: no need to look further
PROMISED = 0.005  # relative: what counts as reached


class Rung(NamedTuple):
    """One rung that was tried: its masks, how many parameters they keep, and a layer that is empty there, if any."""

    number: int
    size: int
    masks: Masks | None  # None for the two ends, which lie beyond the ladder
    vanished: str | None = None


class Unreachable(Exception):
    """Every network as small as asked has an empty layer.

    Attributes:
        number: the largest rung with an empty layer, -1 if that lies beyond the ladder.
        layer: one that is empty there.
        smallest: number of parameters of the smallest network without an empty layer, ``None`` if there is none.
    """

    def __init__(self, number: int, layer: str, smallest: int | None):
        super().__init__(number, layer, smallest)
        self.number, self.layer, self.smallest = number, layer, smallest


def reach(outcome: Callable[[int], Masks], asked: float, everything: int, guess: int, top: int) -> Rung:
    """The rung in [0, top] whose outcome keeps the number of parameters nearest to ``asked``.

    Args:
        outcome: the masks of a rung; a higher rung never keeps less.
        asked: number of parameters.
        everything: number of parameters of the unpruned network.
        guess: the rung to start with.

    Raises:
        Unreachable: every network as small as that has an empty layer.
    """
    low, high = Rung(-1, 0, None), Rung(top + 1, everything, None)
    number, tries = guess, 0
    while high.number - low.number > 1:
        masks = outcome(number)
        layer = vanished(masks)
        tried = Rung(number, 0 if layer else everything - pruned_count(masks), masks, layer)
        if abs(tried.size - asked) <= _NEAR * asked:
            return tried
        low, high = (tried, high) if tried.size < asked else (low, tried)
        tries += 1
        share = (asked - low.size) / (high.size - low.size) if tries % 3 else 0.5  # halve where the line misleads
        number = low.number + round(share * (high.number - low.number))
        number = min(max(number, low.number + 1), high.number - 1)
    whole = [end for end in (low, high) if end.masks is not None and end.vanished is None]
    if not whole:
        raise Unreachable(low.number, low.vanished or high.vanished, None)
    best = min(whole, key=lambda end: abs(end.size - asked))
    if best is high and (low.vanished or low.masks is None) and best.size - asked > PROMISED * asked:
        smallest_layer = min((mask.sum().item(), name) for name, mask in best.masks.items() if mask.dim() > 1)[1]
        raise Unreachable(low.number, low.vanished or smallest_layer, best.size)
    return best
