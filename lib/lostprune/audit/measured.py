"""One pass of two networks over all distributions: what each says of every image, and which images change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import nn

from .. import tasks
from ..measurement.inference import each
from .distributions import Distribution, batches, corrupted, corruption_generator

BINS = 15  # of confidence (Guo et al., On Calibration of Modern Neural Networks, ICML 2017)
EXAMPLES = 6  # images shown for each distribution and direction
NETWORKS = ("parent", "pruned")


class Example(NamedTuple):
    """An image that changes.

    Attributes:
        weight: the criterion for choosing it: the confidence of the network that errs, or the share of pixels that
            change.
        index: its position in the test set.
        image: uint8 [c, h, w], as both networks saw it.
        label, parent, pruned: classes; -1 where each pixel has its own.
    """

    weight: float
    index: int
    image: torch.Tensor
    label: int = -1
    parent: int = -1
    pruned: int = -1


@dataclass
class Measured:
    """What was measured on one distribution.

    Attributes:
        counts: each network's counts by the task, int64 [n, …]; see :meth:`joined`.
        labels: int64 [n], or empty where each pixel has its own.
        confidence: float64 [2, 2, BINS], of each network the summed confidence and the number of right predictions.
        predictions: how many images or pixels there were.
        lost, won: examples of images that only the parent, or only the pruned network, gets right.
    """

    counts: tuple[list[torch.Tensor], list[torch.Tensor]] = field(default_factory=lambda: ([], []))
    labels: list[torch.Tensor] = field(default_factory=list)
    confidence: torch.Tensor = field(default_factory=lambda: torch.zeros(2, 2, BINS, dtype=torch.float64))
    predictions: int = 0
    lost: list[Example] = field(default_factory=list)
    won: list[Example] = field(default_factory=list)

    def joined(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The counts of the parent and of the pruned network, int64 [n, …]."""
        return torch.cat(self.counts[0]), torch.cat(self.counts[1])

    def calibration_errors(self) -> list[float]:
        """The expected calibration error of each network, in [0, 1]."""
        gaps = (self.confidence[:, 0] - self.confidence[:, 1]).abs().sum(1)
        return (gaps / max(self.predictions, 1)).tolist()


def measure(
    networks: Sequence[nn.Module],
    distributions: Sequence[Distribution],
    task: tasks.Task,
    normalize: Callable[[torch.Tensor], torch.Tensor],
    device: torch.device,
    seed: int = 0,
    on_step: Callable[[int], object] | None = None,
) -> dict[str, Measured]:
    """Compare two networks on every distribution. An image is read once, however many corruptions it gets.

    Args:
        networks: the parent and the pruned one, on the device; each gives logits.
        task: the task, which says what to count.
        normalize: turns images uint8 [b, c, h, w] into network inputs.
        seed: seed of the corruptions.
        on_step: called after each piece of work with its number of images.

    Raises:
        ValueError: a network gave a value that is not a number, or a label is none of its outputs.
    """
    found = {one.name: Measured() for one in distributions}
    generators = {one.name: corruption_generator(seed, one.name) for one in distributions}
    sharing: dict[int, list[Distribution]] = {}
    for one in distributions:
        sharing.setdefault(id(one.split), []).append(one)
    outputs = task.classes if isinstance(task, tasks.Segmentation) else 1
    for group in sharing.values():
        for first, images, labels in batches(group[0].split, outputs):
            images, labels = images.to(device), labels.to(device)
            counted = labels != task.ignore if isinstance(task, tasks.Segmentation) else torch.ones_like(labels).bool()
            for one in group:
                seen = corrupted(images, one, generators[one.name])
                said = list(each(networks, normalize(seen), on_step))
                _check(one.name, task, said, labels, counted)
                _add(found[one.name], task, first, seen, labels, counted, said)
    return found


def _check(name: str, task: tasks.Task, said: list[torch.Tensor], labels: torch.Tensor, counted: torch.Tensor) -> None:
    for role, scores in zip(NETWORKS, said, strict=True):
        if scores.isnan().any():
            raise ValueError(f"{role}: got outputs on {name} that are not a number, expected logits")
        meaning = getattr(task, "meaning", None)
        classes = scores.shape[1] if meaning is None else 1 + max(meaning)
        wrong = labels[counted & ((labels < 0) | (labels >= classes))]
        if len(wrong):
            raise ValueError(
                f"{name}: got the label {wrong[0].item()}, expected 0 to {classes - 1}, since {role} gives "
                f"{scores.shape[1]} outputs; labels count from 0, in the order of the outputs"
            )


def _add(
    measured: Measured,
    task: tasks.Task,
    first: int,
    images: torch.Tensor,
    labels: torch.Tensor,
    counted: torch.Tensor,
    said: list[torch.Tensor],
) -> None:
    """Take in what both networks said of one more batch; of segmentation only the pixels that are counted."""
    counts = [task.counts(scores, labels) for scores in said]
    tops = [scores.softmax(1).max(1) for scores in said]  # confidence and prediction
    if (meaning := getattr(task, "meaning", None)) is not None:
        means = torch.tensor(meaning, device=labels.device)
        tops = [(confidence, means[predicted]) for confidence, predicted in tops]
    for place, (confidence, predicted) in enumerate(tops):
        measured.counts[place].append(counts[place].cpu())
        bins = (confidence[counted].double() * BINS).ceil().long().sub(1).clamp(0, BINS - 1)
        for row, values in enumerate((confidence, predicted == labels)):
            sums = bins.bincount(values[counted].double(), minlength=BINS)
            measured.confidence[place, row] += sums.cpu()
    measured.predictions += int(counted.sum())
    if labels.dim() == 1:
        measured.labels.append(labels.cpu())
        wrong = [count[:, 0] for count in counts]
        lost = tops[1][0] * (wrong[1] > wrong[0])
        won = tops[0][0] * (wrong[0] > wrong[1])
        details = torch.stack([labels, tops[0][1], tops[1][1]], 1)
    else:
        change = _right_pixels(counts[0]) - _right_pixels(counts[1])
        lost, won = change.clamp(min=0), (-change).clamp(min=0)
        details = torch.full((len(labels), 3), -1)
    for examples, weights in ((measured.lost, lost), (measured.won, won)):
        largest = weights.topk(min(EXAMPLES, len(weights)))
        for weight, position in zip(largest.values.tolist(), largest.indices.tolist(), strict=True):
            if weight:
                place = first + position
                examples.append(Example(weight, place, images[position].cpu(), *details[position].tolist()))
        examples.sort(key=lambda example: (-example.weight, example.index))
        del examples[EXAMPLES:]


def _right_pixels(counts: torch.Tensor) -> torch.Tensor:
    """The share of right pixels of each image, float64 [n], of confusion matrices."""
    return counts.diagonal(dim1=1, dim2=2).sum(1).double() / counts.sum((1, 2)).clamp(min=1)
