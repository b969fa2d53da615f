"""The exact search: mask the pixel without which the confidence stays highest, again and again.

Every pixel that is left is a candidate in every step. The softmax output, rounded to float32, decides; if several are
equal, the first pixel is masked. Candidates are compared by up to three levels of evaluation, each more precise and
more expensive than the one before. Each evaluates only those that the error of the level before leaves in doubt, and
the last is in float64. So neither the batch size nor the device changes what is masked.
"""

from __future__ import annotations

import copy
import logging

import torch
from torch import nn

from ..foundations.batches import Batches
from ..foundations.reasons import first_line
from .differences import Differences
from .forwards import Forwards
from .tracing import trace
from .windows import Window, enclosing, neighbours

log = logging.getLogger("lostprune")
BATCH = {"cpu": 64, "cuda": 1024}
MULTIPLE = 4
GRID = 4  # windows begin and end at multiples of it: few kinds of windows, for each of which oneDNN compiles code
DOUBTFUL = 16  # candidates per level on a GPU: a count of the doubtful ones would have to wait for the CPU


class ExactSearch:
    """For one network, and one image at a time; copies share what does not depend on the image.

    Args:
        network: float32, in evaluation mode; it is not modified.
        example: an image [channels, h, w] on the network's device.
    """

    def __init__(self, network: nn.Module, example: torch.Tensor):
        self._device, self._shape, self._looks = example.device, tuple(example.shape[1:]), DOUBTFUL
        self._batches = Batches(BATCH.get(self._device.type, BATCH["cuda"]), MULTIPLE)
        traced = trace(network)
        self._levels: list[Differences | Forwards] = [Forwards(network, torch.float32)]
        if traced is not None:
            self._levels = [Differences(traced, _fast_type(self._device)), Forwards(traced.folded, torch.float32)]
        precise = copy.deepcopy(network).double()
        try:
            precise(example[None].double())
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, TypeError) as reason:  # raised by layers and devices without float64
            log.warning("%s is compared in float32, not float64: %s", type(network).__name__, first_line(reason))
        else:
            self._levels.append(Forwards(precise, torch.float64))

    def copy(self) -> ExactSearch:
        """A copy for another core."""
        other = copy.copy(self)
        other._levels = [copy.copy(level) for level in self._levels]
        return other

    @torch.inference_mode()
    def order(
        self, image: torch.Tensor, fill: torch.Tensor, target: int, inside: torch.Tensor, count: int
    ) -> torch.Tensor:
        """The pixels in the order in which they are masked, int64 [h * w].

        Args:
            image, fill: [channels, h, w].
            target: the class.
            inside: bool [h * w]; pixels outside are masked before all others.
            count: how many pixels are masked in a step.

        Raises:
            ValueError: logits are NaN.
        """
        while True:
            order, invalid, missed = self._order(image, fill, target, inside, count)
            if invalid:
                raise ValueError("network: got logits that are NaN for masked images, expected numbers")
            if not missed:
                return order
            self._looks *= 4

    def _order(
        self, image: torch.Tensor, fill: torch.Tensor, target: int, inside: torch.Tensor, count: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The order, whether logits were NaN, and whether doubts remained; a GPU never waits for the CPU."""
        left, order = inside.nonzero().flatten(), [(~inside).nonzero().flatten()]
        everywhere = enclosing(left.cpu(), self._shape) if len(left) else None
        colors = fill.flatten(1)
        shown = torch.where(inside, image.flatten(1), colors)
        invalid = missed = torch.zeros((), dtype=torch.bool, device=self._device)
        while len(left):
            for level in self._levels:
                level.show(shown.view_as(image), fill)
            if self._device.type == "cpu":
                groups = neighbours(left, self._shape, self._batches.size, GRID)
            else:
                groups = [(torch.arange(len(left), device=self._device), everywhere)]
            logits, missing = self._logits(left, groups, target, min(count, len(left)))
            confidence = logits.softmax(1)[:, target]
            invalid, missed = invalid | confidence.isnan().any(), missed | missing
            best = confidence.sort(descending=True, stable=True).indices[:count]  # the first of equal ones
            order.append(left[best])
            shown[:, left[best]] = colors[:, left[best]]
            gone = torch.zeros_like(left).index_fill_(0, best, 1)
            left = left[gone.argsort(stable=True)[: len(left) - len(best)]]  # no value has to be read for that
        return torch.cat(order), invalid, missed

    def _logits(
        self, pixels: torch.Tensor, groups: list[tuple[torch.Tensor, Window]], target: int, count: int
    ) -> tuple[torch.Tensor, torch.Tensor | bool]:
        """Logits [n, classes] without each of the pixels; and whether they cannot tell the ``count`` best apart."""
        first, *others = self._levels
        found = [
            self._batches.run(lambda some, window=window: first.logits(pixels[some], window), group)
            for group, window in groups
        ]
        logits = torch.empty(len(pixels), found[0].shape[1], device=self._device)
        logits[torch.cat([group for group, _ in groups])] = torch.cat(found).float()
        error, missing = first.error(logits), False
        for level in others:
            doubtful, more = self._in_doubt(logits, error, target, count)
            if not len(doubtful):
                break
            found = self._batches.run(level.logits, pixels[doubtful])
            logits[doubtful], error[doubtful] = found.float(), level.error(found).float()
            missing |= more
        return logits, missing

    def _in_doubt(
        self, logits: torch.Tensor, error: torch.Tensor, target: int, count: int
    ) -> tuple[torch.Tensor, torch.Tensor | bool]:
        """Which candidates may or may not be among the ``count`` best, int64 [doubtful]; and whether there are more."""
        shift = torch.zeros_like(logits)
        shift[:, target] = error
        low, high = (shifted.softmax(1)[:, target] for shifted in (logits - shift, logits + shift))
        likely = high >= low.topk(count).values[-1]
        doubtful = likely & (low < high) & (likely.sum() > count)
        if self._device.type == "cpu":
            return doubtful.nonzero().flatten(), False
        looked_at = min(self._looks + count, len(logits))
        return torch.where(doubtful, high, -1.0).topk(looked_at).indices, doubtful.sum() > looked_at


def _fast_type(device: torch.device) -> torch.dtype:
    """bfloat16 where a processor has units that multiply matrices of it, else float32."""
    if device.type == "cpu":
        capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # an older torch has no such function
        return torch.bfloat16 if capabilities.get("amx_bf16") else torch.float32
    fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if fast else torch.float32
