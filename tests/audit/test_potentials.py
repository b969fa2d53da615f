"""From a study's results to potentials with confidence, and the network to use."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from fixtures.synthetic import IMAGES, results_of
from lostprune import results
from lostprune.audit import guidelines, paired, potentials
from lostprune.tasks import iou_error


def test_the_guidelines_agree_with_the_recommendation():
    """A loss that is safe in one test is not shown to be safe in a search over four methods."""
    curves, shift = study({method: [[(60, 31), (60, 31)]] for method in ("WT", "SiPP", "FT", "PFP")}, 10_000)
    best = potentials.recommend(curves, shift)
    assert not best.cycle and float(potentials.verdicts(curves, shift).lower_bound.max()) > 0
    strict = potentials.verdicts(curves, shift, alpha=paired.ALPHA / best.searched)
    applied = guidelines.of_audit(strict, best, ())
    assert "Do not prune" in applied[0].advice and "0% is safe everywhere" in applied[3].evidence


def study(changes: dict[str, list[list[tuple[int, int]]]], images: int = 5000) -> tuple[xr.Dataset, xr.Dataset]:
    """Curves and shift of networks that lose and win so many images: by method, of each cycle, on each distribution."""
    names, cycles = ["cifar10", "fog"], 1 + len(next(iter(changes.values())))
    wrong = np.zeros((len(changes), 1, cycles, 2, images), bool)
    wrong[..., : images // 10] = True
    for pruner, rows in enumerate(changes.values()):
        for cycle, row in enumerate(rows, 1):
            for place, (lost, won) in enumerate(row):
                wrong[pruner, 0, cycle, place, images // 10 : images // 10 + lost] = True
                wrong[pruner, 0, cycle, place, :won] = False
    ratio = np.broadcast_to(np.linspace(0, 0.8, cycles), wrong.shape[:3])
    chain = {"pruner": list(changes), "repetition": [0], "cycle": range(cycles)}
    known = xr.Dataset(coords=chain | {"distribution": names})
    shift = known.assign(
        wrong=(("pruner", "repetition", "cycle", "distribution", "image"), wrong),
        error=(("pruner", "repetition", "cycle", "distribution"), wrong.mean(-1)),
        images=("distribution", [images] * 2),
    )
    shift = shift.assign_attrs(dataset="cifar10", training="nominal")
    return known.drop_vars("distribution").assign(prune_ratio=(tuple(chain), ratio)), shift


EQUAL, DOUBTFUL, WORSE = (5, 5), (60, 50), (150, 20)


def test_verdicts_are_those_of_the_counts():
    curves, shift = study({"WT": [[EQUAL, DOUBTFUL], [WORSE, WORSE]]})
    found = potentials.verdicts(curves, shift).squeeze("repetition").sel(pruner="WT")
    assert found.verdict.sel(cycle=1).values.tolist() == ["safe", "cannot tell"]
    assert found.verdict.sel(cycle=2).values.tolist() == ["unsafe", "unsafe"]
    assert found.lost.sel(cycle=1).values.tolist() == [5, 60] and found.won.sel(cycle=1).values.tolist() == [5, 50]
    needed = found.images_needed.sel(cycle=1).values
    assert np.isnan(needed[0]) and needed[1] == paired.images_needed(60, 50, 5000)


def test_the_bound_stops_at_the_first_ratio_that_is_not_safe_and_the_papers_potential_does_not():
    curves, shift = study({"WT": [[EQUAL, EQUAL], [DOUBTFUL, EQUAL], [EQUAL, EQUAL], [WORSE, EQUAL]]})
    found = potentials.verdicts(curves, shift).squeeze().drop_vars("pruner")
    assert found.lower_bound.values.tolist() == pytest.approx([0.2, 0.8])
    assert found.prune_potential.values.tolist() == pytest.approx([0.6, 0.8])


def test_cycles_that_were_not_reached_end_the_bound():
    parts = results_of(unreached=2)
    found = potentials.verdicts(parts["curves"], parts["shift"])
    last = found.isel(pruner=-1)
    assert (last.verdict.isel(cycle=slice(-2, None)) == potentials.NOT_REACHED).all()
    assert (last.lower_bound <= last.prune_ratio.max("cycle")).all()
    assert (found.lower_bound <= found.prune_potential).all()
    wrong = results.outcomes(parts["shift"])
    one = wrong.sel(pruner="WT", repetition=0, distribution="fog")
    lost = (one.sel(cycle=3) & ~one.sel(cycle=0)).sum()
    assert (
        found.lost.sel(pruner="WT", repetition=0, distribution="fog", cycle=3) == lost
        and IMAGES == wrong.sizes["image"]
    )


def test_the_method_that_is_safe_furthest_everywhere_is_recommended():
    curves, shift = study({"WT": [[EQUAL, EQUAL], [EQUAL, EQUAL]], "FT": [[EQUAL, EQUAL], [EQUAL, WORSE]]})
    found = potentials.recommend(curves, shift)
    assert (found.pruner, found.cycle, found.everywhere, found.searched) == ("WT", 2, True, 2)
    assert found.prune_ratio == pytest.approx(0.8) and found.safe_on == ("cifar10", "fog")


def test_where_nothing_is_safe_everywhere_it_says_where_it_is_safe():
    curves, shift = study({"WT": [[DOUBTFUL, WORSE]], "FT": [[EQUAL, WORSE]]})
    found = potentials.recommend(curves, shift)
    assert (found.pruner, found.cycle, found.safe_on, found.everywhere) == ("FT", 1, ("cifar10",), False)


def test_where_nothing_is_safe_the_parent_is_recommended():
    curves, shift = study({"WT": [[WORSE, WORSE]]})
    found = potentials.recommend(curves, shift)
    assert (found.cycle, found.prune_ratio, found.everywhere) == (0, 0.0, True)


def test_choosing_among_methods_asks_more_of_each():
    """A loss that is safe at one test in twenty, but not at one in a hundred."""
    barely = next((lost, 5) for lost in range(100, 0, -1) if paired.verdict(lost, 5, 5000) == "safe")
    curves, shift = study({"WT": [[barely, barely]]})
    assert potentials.recommend(curves, shift).cycle == 1
    curves, shift = study({name: [[barely, barely]] for name in ("WT", "SiPP", "FT", "PFP")})
    assert potentials.recommend(curves, shift).cycle == 0


def test_segmentation_is_told_by_a_bootstrap_over_images():
    """Two cycles: one as good as the parent on most images, one that loses a tenth of the right pixels everywhere."""
    random = np.random.default_rng(0)
    right = random.integers(80, 100, (40, 2))
    pixels = np.zeros((1, 1, 3, 1, 40, 2, 3), int)
    pixels[..., 0], pixels[..., 1:] = right, 100
    pixels[0, 0, 1, 0, :12, :, 0] += 1
    pixels[0, 0, 2, ..., 0] -= 10
    dimensions = ("pruner", "repetition", "cycle", "distribution", "image", "class", "quantity")
    shift = xr.Dataset(
        {"pixels": (dimensions, pixels), "images": ("distribution", [40])},
        {"pruner": ["WT"], "repetition": [0], "cycle": [0, 1, 2], "distribution": ["scenes"]},
        {"dataset": "scenes", "training": "nominal"},
    )
    shift["error"] = xr.apply_ufunc(iou_error, shift.pixels.sum("image"), input_core_dims=[["class", "quantity"]])
    curves = xr.Dataset({"prune_ratio": (dimensions[:3], [[[0.0, 0.3, 0.6]]])}, {"cycle": [0, 1, 2]})
    found = potentials.verdicts(curves.assign_coords(pruner=["WT"], repetition=[0]), shift).squeeze()
    assert found.verdict.values.tolist() == ["safe", "safe", "unsafe"] and float(found.lower_bound) == 0.3
    assert found.difference.values == pytest.approx((shift.error - shift.error.sel(cycle=0)).squeeze().values)
