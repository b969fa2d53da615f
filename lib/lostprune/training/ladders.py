"""The ladders of keep ratios that PruneRetrain walks down: one for every network, nominal and robust."""

from __future__ import annotations

import functools

import numpy as np

from ..foundations.choices import choose

# The steps of the original study (its configuration files cifar/*.yaml and cifar_c/*.yaml): each is a spacing of keep
# ratios, fractions of all parameters, from the first to the second number. Its resnet20 serves networks of one's own.
_SPACINGS = {"geometric": np.geomspace, "linear": np.linspace}
_NEARLY_ALL = ("geometric", 0.99, 0.855, 2)
_TO_2_PERCENT = (_NEARLY_ALL, ("geometric", 0.85, 0.02, 58))
_ROBUST_TO_3_PERCENT = (("geometric", 0.80, 0.03, 16),)
LADDERS = {
    "nominal": {
        "resnet20": (_NEARLY_ALL, ("geometric", 0.85, 0.15, 58), ("linear", 0.132, 0.02, 9)),
        "resnet56": _TO_2_PERCENT,
        "resnet110": _TO_2_PERCENT,
        "vgg16": _TO_2_PERCENT,
        "densenet22": (_NEARLY_ALL, ("geometric", 0.85, 0.10, 58), ("linear", 0.0918, 0.0469, 6)),
        "wrn16_8": (_NEARLY_ALL, ("geometric", 0.85, 0.10, 58), ("linear", 0.09182, 0.02, 9)),
    },
    "robust": {
        "resnet20": _ROBUST_TO_3_PERCENT,
        "resnet56": _ROBUST_TO_3_PERCENT,
        "resnet110": _ROBUST_TO_3_PERCENT,
        "vgg16": _ROBUST_TO_3_PERCENT,
        "densenet22": (("geometric", 0.80, 0.05, 13),),
        "wrn16_8": _ROBUST_TO_3_PERCENT,
    },
}
STEPS_PER_CYCLE = {"nominal": 3, "robust": 1}  # retraining follows the last step of a cycle


def ladder_for(
    network: str,
    cycles: int | None = None,
    smallest: float = 0.0,
    prune_only_steps: bool = True,
    training: str = "nominal",
) -> tuple[tuple[float, ...], ...]:
    """The keep ratios (fractions of all parameters, falling) of each prune-retrain cycle; retraining follows the last.

    Args:
        network: name; a network of the user's own takes ResNet20's ladder.
        cycles: how many cycles to keep, evenly spaced from the first to the last; ``None`` keeps all.
        smallest: cycles that end below this keep ratio are left out.
        prune_only_steps: whether a cycle prunes in several smaller steps before it retrains, as the original does.
        training: ``"nominal"`` or ``"robust"`` (Section 6), which has fewer and larger steps.

    Raises:
        ValueError: ``training`` is neither.
    """
    choose("training", training, tuple(LADDERS))
    spacings = LADDERS[training].get(network, LADDERS[training]["resnet20"])
    ladder = [cycle for cycle in _whole_ladder(spacings, STEPS_PER_CYCLE[training]) if cycle[-1] >= smallest]
    if cycles is not None:
        picked = sorted({round(float(i)) for i in np.linspace(0, len(ladder) - 1, cycles)})
        ladder = [ladder[i] for i in picked]
    return tuple(cycle if prune_only_steps else cycle[-1:] for cycle in ladder)


@functools.cache
def _whole_ladder(spacings: tuple[tuple[str, float, float, int], ...], steps: int) -> tuple[tuple[float, ...], ...]:
    ratios = np.concatenate([_SPACINGS[kind](first, last, count) for kind, first, last, count in spacings]).tolist()
    return tuple(tuple(ratios[i : i + steps]) for i in range(0, len(ratios), steps))
