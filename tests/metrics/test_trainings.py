"""What robust training gives back of the potential that is lost under shift."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from lostprune import metrics

NAMES = ["cifar10", "contrast", "fog", "snow"]


def potential(values: list, trained: tuple[str, ...] = (), names: list[str] = NAMES) -> xr.DataArray:
    """WT's prune potential, one repetition in each row."""
    groups = ["train" if name in ("cifar10", *trained) else "test" for name in names]
    coordinates = {"pruner": ["WT"], "repetition": range(len(values)), "distribution": names}
    made = xr.DataArray([values], coordinates, ("pruner", "repetition", "distribution"))
    return made.assign_coords(group=("distribution", groups))


def test_shares_by_hand():
    nominal = potential([[0.9, 0.5, 0.6, 0.7], [0.7, 0.3, 0.4, 0.5]])
    robust = potential([[0.8, 0.7, 0.5, 0.8]], ("contrast", "snow"))
    found = metrics.regained(nominal, robust).sel(pruner="WT")
    assert found.corruptions.values.tolist() == ["seen", "unseen"]
    assert found.before.values == pytest.approx([0.5, 0.5]) and found.after.values == pytest.approx([0.75, 0.5])
    assert found.lost.values == pytest.approx([0.3, 0.3])
    assert found.share.values == pytest.approx([0.25 / 0.3, 0])


def test_where_nothing_was_lost_there_is_no_share():
    found = metrics.regained(potential([[0.5] * 4]), potential([[0.9] * 4], ("contrast",)))
    assert np.isnan(found.share).all() and not found.lost.any()


@given(st.floats(0.01, 0.98), st.floats(0, 1))
def test_the_whole_loss_is_given_back_where_robust_training_reaches_the_potential_on_nominal_data(high, share):
    low = high * 0.5
    reached = low + share * (high - low)
    found = metrics.regained(potential([[high, low, low, low]]), potential([[high] + [reached] * 3], ("fog",)))
    assert found.share.values == pytest.approx(share, abs=1e-6)


def test_a_training_without_corruptions_has_seen_none():
    found = metrics.regained(potential([[0.9, 0.5, 0.6, 0.7]]), potential([[0.8, 0.7, 0.5, 0.8]]))
    assert found.corruptions.values.tolist() == ["unseen"]


def test_only_what_both_have_counts():
    robust = potential([[0.8, 0.7]], (), ["cifar10", "fog"])
    assert metrics.regained(potential([[0.9, 0.1, 0.5, 0.1]]), robust).before.item() == 0.5
    with pytest.raises(ValueError, match="no method or no distribution in common"):
        metrics.regained(potential([[0.9, 0.1]], (), ["cifar10", "frost"]), robust)


def test_what_no_training_has_seen():
    shifts = [potential([[0.5] * 4], trained) for trained in ((), ("fog",), ("contrast",))]
    assert metrics.unseen(shifts) == ["snow"]
    with pytest.raises(ValueError, match="got none that all have in the group 'test'"):
        metrics.unseen([*shifts, potential([[0.5] * 4], ("snow",))])
