"""Verdicts taken together: over the ratios of one chain, and over the distributions of one network."""

from __future__ import annotations

import numpy as np

from .paired import ALPHA, CANNOT_TELL, SAFE, UNSAFE


def potential_lower_bound(safe: np.ndarray, prune_ratio: np.ndarray) -> np.ndarray:
    """A lower bound of the prune potential, with the confidence of the test behind ``safe``.

    Ratios are tested from the mildest to the strongest, and the first that is not safe ends the test. Their order is
    fixed before any is tested, so their number needs no correction (Angelopoulos et al., Learn then Test, 2021).

    Args:
        safe: bool [..., ratios].
        prune_ratio: fractions in [0, 1], [..., ratios], in any order; NaN where a ratio was not reached.

    Returns:
        [...]: the last ratio that is safe, 0 if none is.
    """
    prune_ratio = np.broadcast_to(prune_ratio, np.shape(safe))
    order = np.argsort(prune_ratio, -1, kind="stable")  # NaN last
    ratio = np.take_along_axis(prune_ratio, order, -1)
    reached = np.logical_and.accumulate(np.take_along_axis(safe, order, -1) & np.isfinite(ratio), -1)
    return np.where(reached, ratio, 0.0).max(-1, initial=0.0)


def holm(p_values: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """Which hypotheses Holm's procedure rejects, bool [..., hypotheses]: at most ``alpha`` to reject a true one.

    Args:
        p_values: [..., hypotheses].
    """
    order = np.argsort(p_values, -1, kind="stable")
    ranked = np.take_along_axis(p_values, order, -1)
    rejected = np.logical_and.accumulate(ranked <= alpha / np.arange(ranked.shape[-1], 0, -1), -1)
    found = np.empty(ranked.shape, bool)
    np.put_along_axis(found, order, rejected, -1)
    return found


def overall_verdict(verdicts: np.ndarray, p_values: np.ndarray, alpha: float = ALPHA) -> str:
    """The verdict over all distributions, from the verdict on each.

    ``"safe"`` needs ``"safe"`` on each, which needs no correction. ``"unsafe"`` is the result of a search over them and
    is corrected for their number.

    Args:
        verdicts, p_values: [distributions]; the p-values are those against "at most ``delta`` is lost".
    """
    if (np.asarray(verdicts) == SAFE).all():
        return SAFE
    return UNSAFE if holm(np.asarray(p_values), alpha).any() else CANNOT_TELL
