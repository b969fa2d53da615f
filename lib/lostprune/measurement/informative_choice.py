"""What part ``informative`` shows to which networks: images, pixels to keep, and the pruned networks to compare."""

from __future__ import annotations

import numpy as np
import torch

from ..study import Study
from ..tasks import Classification
from . import test_sets

PRUNE_RATIOS = (0.15, 0.46, 0.69, 0.80, 0.98)  # of the pruned networks in Figures 3 and 12 to 15
KEPT = 0.1  # of the pixels of an image: a sparsity level of 90 % (Section 4.1)
CORRUPTED = "corrupted"  # the distribution with a corruption of its own for every image
PARENT, SEPARATE = "parent", "separate"


def distributions(study: Study) -> tuple[str, ...]:
    """The nominal one, and :data:`CORRUPTED` where the scale has corruptions."""
    return (study.dataset, CORRUPTED) if test_sets.corrupted_distributions(study) else (study.dataset,)


def images(study: Study) -> int:
    """How many test images' pixels are ranked, in each distribution."""
    if not isinstance(study.task, Classification):
        raise ValueError(
            f"part 'informative': got {study.dataset}, whose images have a class for every pixel; expected one class "
            "for an image, toward which its pixels are ranked"
        )
    return min(study.scale.informative_images, test_sets.size(study))


def kept_pixels(pixels: int) -> int:
    """How many of the pixels of an image stay: 102 of 1,024."""
    return max(1, int(KEPT * pixels))


def kept_by(ranked: torch.Tensor) -> torch.Tensor:
    """The pixels that stay, int32 [n, kept], of a ranking [n, pixels] from the least informative to the most."""
    return ranked[:, -kept_pixels(ranked.shape[1]) :].to(torch.int32)


def mask_of(kept: torch.Tensor, pixels: int) -> torch.Tensor:
    """Whether each pixel stays, bool [..., pixels]; kept: the pixels that do, int [..., kept]."""
    mask = torch.zeros(*kept.shape[:-1], pixels, dtype=torch.bool, device=kept.device)
    return mask.scatter_(-1, kept.long(), True)


def nearest_cycles(study: Study) -> list[int]:
    """The distinct cycles whose keep ratios in the ladder are nearest to :data:`PRUNE_RATIOS`, ascending.

    All methods have the same ladder, so that their networks can be compared; the ratio that a network has is in the
    results.
    """
    ratios = np.array([1 - keep_ratios[-1] for keep_ratios in study.ladder])
    return sorted({int(np.abs(ratios - wanted).argmin()) + 1 for wanted in PRUNE_RATIOS})


def network_names(study: Study) -> tuple[str, ...]:
    """The coordinates ``network`` and ``mask_network``: ``"parent"``, ``"cycle 2"``, …, ``"separate"``."""
    return (PARENT, *map(name_of_cycle, nearest_cycles(study)), SEPARATE)


def name_of_cycle(cycle: int) -> str:
    return f"cycle {cycle}"


def passes(study: Study) -> int:
    """How often a ranking shows an image to a network."""
    scale, pixels = study.scale, study.image_shape[1] * study.image_shape[2]
    steps = -(-pixels // scale.informative_pixels_per_step)
    return steps if scale.informative_search == "gradient" else steps * (pixels + 1) // 2
