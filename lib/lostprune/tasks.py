"""What a network is for: what it is trained to lower, what is counted per image, and how counts become an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

Outputs = torch.Tensor | Mapping[str, torch.Tensor]  # torchvision's segmentation networks return {"out": …, "aux": …}
LOGITS = ("out", "logits")  # names that a mapping of outputs may have for them
TOP = 5  # a network with more classes has a top-5 error, too
PIXELS = ("right", "labelled", "predicted")  # of a class: pixels rightly predicted, that have it, predicted to
AUXILIARY_WEIGHT = 0.5  # of the auxiliary head's loss, as torchvision and the original study weigh it


def logits(outputs: Outputs) -> torch.Tensor:
    """The scores of the classes, [n, classes] or [n, classes, h, w], of whatever a network returned.

    Raises:
        TypeError: it is neither a tensor nor a mapping that holds them under one of :data:`LOGITS`.
    """
    if isinstance(outputs, Mapping):
        for name in LOGITS:
            if name in outputs:
                return outputs[name]
        got = f"a {type(outputs).__name__} with {', '.join(map(repr, outputs))}"
    elif outputs is None or isinstance(outputs, tuple | list):
        got = f"a {type(outputs).__name__}"
    else:
        return outputs  # a tensor, or what stands for one while a network is traced
    raise TypeError(
        f"outputs: got {got}, expected a tensor of logits, or a mapping that has them under "
        f"{' or '.join(map(repr, LOGITS))}"
    )


@dataclass(frozen=True)
class Classification:
    """Each image has one class. Outputs: logits [n, classes]; labels: int64 [n].

    Attributes:
        meaning: for each output the class that it stands for, -1 for none, where the labels are of other classes than
            the network was trained on; ``None``: output k stands for class k.
    """

    meaning: tuple[int, ...] | None = None

    def loss(self, outputs: Outputs, labels: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Mean cross-entropy, a scalar of ``dtype``: float32 to train, float64 to measure."""
        return F.cross_entropy(logits(outputs).to(dtype), labels)

    def labelled(self, labels: torch.Tensor) -> int:
        """How many labels :meth:`loss` is the mean over."""
        return len(labels)

    def counts(self, outputs: Outputs, labels: torch.Tensor) -> torch.Tensor:
        """Per image, whether it is misclassified and, where there are more than five classes, whether its class is
        not among the five of the largest logits: int64 [n, 1] or [n, 2], of 0 and 1.
        """
        scores = logits(outputs)
        highest = scores.topk(min(TOP, scores.shape[1])).indices
        highest[:, 0] = scores.argmax(1)  # the first of equal ones
        if self.meaning is not None:
            highest = torch.tensor(self.meaning, device=highest.device)[highest]
        wrong = highest != labels[:, None]
        columns = [wrong[:, 0], wrong.all(1)] if scores.shape[1] > TOP else [wrong[:, 0]]
        return torch.stack(columns, 1).long()

    def error(self, counts: torch.Tensor) -> float:
        """The fraction of misclassified images, of counts [n, 1] or [n, 2]."""
        return self.error_of(counts.sum(0), len(counts))

    def error_of(self, total: torch.Tensor, images: int) -> float:
        """As :meth:`error`, of the sum of the counts over the images."""
        return total[0].item() / images

    def named_errors(self, counts: torch.Tensor) -> dict[str, float]:
        """Errors that are reported beside :meth:`error`: ``top5_error`` where there are more than five classes."""
        return {"top5_error": counts[:, 1].double().mean().item()} if counts.shape[1] > 1 else {}


@dataclass(frozen=True)
class Segmentation:
    """Each pixel has a class. Outputs: logits [n, classes, h, w], alone or as ``"out"`` beside the logits ``"aux"`` of
    an auxiliary head; labels: int64 [n, h, w].

    Attributes:
        classes: how many, with the background.
        ignore: the label of pixels that count nowhere, such as the outlines of objects in Pascal VOC.
    """

    classes: int
    ignore: int = 255

    def loss(self, outputs: Outputs, labels: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Mean cross-entropy over the pixels of the batch, plus half of the auxiliary head's where there is one.

        Without a labelled pixel it is 0.
        """
        loss = F.cross_entropy(logits(outputs).to(dtype), labels, ignore_index=self.ignore)
        if isinstance(outputs, Mapping) and "aux" in outputs:
            auxiliary = F.cross_entropy(outputs["aux"].to(dtype), labels, ignore_index=self.ignore)
            loss = loss + AUXILIARY_WEIGHT * auxiliary
        return loss.where((labels != self.ignore).any(), 0)  # the mean over no pixel is NaN

    def labelled(self, labels: torch.Tensor) -> int:
        """How many labels :meth:`loss` is the mean over."""
        return int((labels != self.ignore).sum())

    def counts(self, outputs: Outputs, labels: torch.Tensor) -> torch.Tensor:
        """The confusion matrix of each image, int64 [n, classes, classes]: pixels by their class and the predicted."""
        counted = labels != self.ignore
        cells = (labels * self.classes + logits(outputs).argmax(1)) * counted
        # Not bincount: on CUDA it waits for the device, and cannot be part of a captured step.
        counts = torch.zeros(len(labels), self.classes**2, dtype=torch.int64, device=labels.device)
        counts.scatter_add_(1, cells.flatten(1), counted.flatten(1).long())
        return counts.unflatten(1, (self.classes, self.classes))

    def error(self, counts: torch.Tensor) -> float:
        """The IoU error of all images together, of counts [n, classes, classes].

        One minus the mean, over the classes that occur, of intersection over union. A class occurs if a pixel has it
        or is predicted to have it. Intersection and union are those of the whole set: the IoU is no mean over images.

        Raises:
            ValueError: no pixel was counted.
        """
        return self.error_of(counts.sum(0), len(counts))

    def error_of(self, total: torch.Tensor, images: int) -> float:
        """As :meth:`error`, of the sum of the counts over the images."""
        if not total.any():
            raise ValueError(f"got {images} images without a labelled pixel, expected at least one such pixel")
        return float(iou_error(self.pixels(total).cpu().numpy()))

    def pixels(self, counts: torch.Tensor) -> torch.Tensor:
        """What :func:`iou_error` needs of counts [..., classes, classes]: int64 [..., classes, 3], in the order of
        ``PIXELS``.
        """
        return torch.stack([counts.diagonal(dim1=-2, dim2=-1), counts.sum(-1), counts.sum(-2)], -1)

    def named_errors(self, counts: torch.Tensor) -> dict[str, float]:
        """``iou_error``, which is :meth:`error`, and ``pixel_error``: the fraction of wrong pixels of the set."""
        confusion = counts.sum(0).double()
        right = confusion.diagonal().sum() / confusion.sum()
        return {"iou_error": self.error(counts), "pixel_error": 1 - right.item()}


Task = Classification | Segmentation


def iou_error(pixels: np.ndarray) -> np.ndarray:
    """One minus the mean intersection over union of the classes that occur, float64 [...]; NaN where none does.

    Args:
        pixels: [..., classes, 3], counts in the order of ``PIXELS``.
    """
    right, labelled, predicted = np.moveaxis(pixels.astype(np.float64), -1, 0)
    union = labelled + predicted - right
    occurring = np.asarray((union > 0).sum(-1), np.float64)
    summed = np.divide(right, union, out=np.zeros_like(union), where=union > 0).sum(-1)
    return 1 - np.divide(summed, occurring, out=np.full_like(occurring, np.nan), where=occurring > 0)


def matching_predictions(outputs: Outputs, parent_outputs: Outputs) -> torch.Tensor:
    """Fraction of images, or of pixels, for which two networks predict the same class (Section 4.1): float64 scalar."""
    return (logits(outputs).argmax(1) == logits(parent_outputs).argmax(1)).double().mean()


def softmax_distance(outputs: Outputs, parent_outputs: Outputs) -> torch.Tensor:
    """Mean Euclidean distance between the softmax outputs of two networks, per image or pixel: float64 scalar."""
    of, parent = logits(outputs).double().softmax(1), logits(parent_outputs).double().softmax(1)
    return (of - parent).norm(dim=1).mean()
