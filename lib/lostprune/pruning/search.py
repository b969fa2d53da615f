"""The search for the masks that a method leaves at a keep ratio, dead parts removed."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import nn

from .connectivity import Connectivity
from .folding import folds
from .ladders import ChannelLadder, LayerLadder, WeightLadder
from .layers import along
from .masks import Masks, pruned_count, vanished, zero
from .proof import changes_nothing
from .reach import PROMISED, Rung, Unreachable, reach
from .registry import registered
from .silence import BATCH, silent_channels

_IMAGES = 16  # to read off constants
_LOOKS = 4  # at all samples, at most

Channels = dict[str, torch.Tensor]
"""By the name of a layer's weight, some of its input channels: bool [in]."""


class Missed(NamedTuple):
    """Why a keep ratio was missed by more than half a percent.

    Attributes:
        reason: ``"steps"`` if the sizes that the method can reach are farther apart than that, ``"earlier"`` if earlier
            masks leave less, ``"zeros"`` if everything else has no effect on the samples.
        text: all of it in words, with the numbers.
    """

    reason: str
    text: str


class Search:
    """What one call of ``prune`` works with.

    Args:
        network: in evaluation mode; what earlier masks pruned is 0.
        method: a registered one; ``steps`` is its ladder.
        earlier: masks that the new ones lie within; empty at first.
        samples: network inputs on its device, or ``None``.
    """

    def __init__(
        self,
        network: nn.Module,
        method: str,
        steps: WeightLadder | LayerLadder | ChannelLadder,
        earlier: Masks,
        connectivity: Connectivity,
        samples: torch.Tensor | None,
    ):
        self.network, self.method, self.steps, self.earlier = network, method, steps, earlier
        self.connectivity, self.samples = connectivity, samples
        self.everything = sum(parameter.numel() for parameter in network.parameters())
        self._drops_constants = registered(method).prunes == "filters"
        self._selected: tuple[int | None, dict[str, torch.Tensor]] = (None, {})  # the last rung's

    def find(self, asked: float, guess: int) -> Rung:
        """The rung whose masks keep the number of parameters nearest to ``asked``, and these masks.

        Raises:
            Unreachable: every network as small as that has an empty layer.
        """
        found, silent = self._reach(asked, {}, guess), {}
        if self.samples is not None:
            found, silent = self._without_silent(found, asked)
        selected = self.selected(found.number, silent)
        if not changes_nothing(
            self.network, selected, self._varying(selected), found.masks, self.connectivity.example, self.samples
        ):
            # Something in the network escaped the eye. When in doubt, it lives.
            self.connectivity.trusted = False
            return self.find(asked, found.number)
        if self._drops_constants:
            images = self.connectivity.example if self.samples is None else self.samples[:_IMAGES]
            chosen = self.selected(found.number)
            found.masks.folds = folds(self._with(chosen), chosen, found.masks, images, self.connectivity)
        return found

    def selected(self, rung: int, silent: Channels | None = None) -> Masks:
        """What the method keeps at a rung, within the earlier masks and without silent channels."""
        if self._selected[0] != rung:
            masks = self.steps.masks(rung)
            self._selected = rung, {name: mask & self.earlier.get(name, True) for name, mask in masks.items()}
        kept = dict(self._selected[1])
        for name, channels in (silent or {}).items():
            kept[name] = kept[name] & ~along(channels, 1, kept[name])
        return Masks(self.earlier | kept)

    def missed(self, found: Rung, asked: float) -> Missed | None:
        """Why a rung does not keep as many parameters as asked; ``None`` if it does."""
        if abs(found.size - asked) <= PROMISED * asked:
            return None
        reason, why = self._why_missed(found, asked)
        kept, wanted = found.size / self.everything, asked / self.everything
        return Missed(reason, f"{self.method} keeps {kept:.3g} of the parameters, not {wanted:.3g} as asked: {why}")

    def _why_missed(self, found: Rung, asked: float) -> tuple[str, str]:
        left = self.everything - pruned_count(self.earlier)
        if found.number < self.steps.top:
            whole = "it removes whole filters, and no number of them comes nearer"
            return "steps", whole if self._drops_constants else "the nearest sizes that it can reach are that far apart"
        if left < asked * (1 - PROMISED):
            return "earlier", f"earlier masks leave {left / self.everything:.3g}"
        cause = ", because no sample reaches those parts" if registered(self.method).needs_samples else ""
        dead = (self.everything - pruned_count(self.selected(found.number)) - found.size) / self.everything
        return "zeros", (
            f"{self.steps.zeros:.0%} of its sensitivities are 0{cause}, and {dead:.0%} of the parameters are dead then"
        )

    def _live(self, rung: int, silent: Channels) -> Masks:
        return self.connectivity.live(self._varying(self.selected(rung, silent)))

    def _reach(self, asked: float, silent: Channels, guess: int) -> Rung:
        return reach(lambda rung: self._live(rung, silent), asked, self.everything, guess, self.steps.top)

    def _without_silent(self, found: Rung, asked: float) -> tuple[Rung, Channels]:
        """A rung without what no sample wakes at this rung, and which channels these are.

        Other weights fill the place of what goes, and wake some of it again: that is looked at, too.
        """
        best, number, looked = (found, {}), found.number, set()
        # Where too much is silent, the ratio that was asked for counts for more: the silent parts stay.
        missed = max(abs(found.size - asked), PROMISED * asked)
        first = [self.samples[:BATCH]] if len(self.samples) > 2 * BATCH else []
        for samples in first + [self.samples] * _LOOKS:
            guess = len(samples) < len(self.samples)
            silent = self._silent(number, samples)
            if not silent:
                break
            if not guess:
                looked.add(number)
                masks = self._live(number, silent)
                awake = Rung(number, self.everything - pruned_count(masks), masks, vanished(masks))
                if awake.vanished is None and abs(awake.size - asked) <= missed:
                    best, missed = (awake, silent), abs(awake.size - asked)
                if abs(awake.size - asked) <= PROMISED * asked:
                    break
            try:
                number = self._reach(asked, silent, number).number
            except Unreachable:  # a whole layer is silent; retraining may wake it
                if not guess:
                    break
            if number in looked:  # it may not be the nearest: what wakes at the next rung is not known yet
                number = awake.number + (1 if awake.size < asked else -1)
            if number in looked or not 0 <= number <= self.steps.top:
                break
        return best

    def _silent(self, rung: int, samples: torch.Tensor) -> Channels:
        live, selected = self._live(rung, {}), self.selected(rung)
        candidates = {name: live[name].transpose(0, 1).flatten(1).any(1) for name in self.connectivity.watched}
        # One sample alone shows nothing that is the same for all.
        foldable = self.connectivity.even(selected) if self._drops_constants and len(samples) > 1 else {}
        return silent_channels(self._with(selected), candidates, samples, foldable)

    def _varying(self, selected: Masks) -> Masks:
        return self.connectivity.without_constants(selected) if self._drops_constants else selected

    def _with(self, masks: Masks) -> nn.Module:
        network = copy.deepcopy(self.network)
        zero(network, masks)
        return network
