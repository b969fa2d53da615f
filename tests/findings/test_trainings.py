"""Sentences about kinds of training say what the numbers say."""

from __future__ import annotations

import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import findings


def potential(values: list, *trained: str, repetitions: int = 1) -> xr.DataArray:
    names = ["cifar10", "contrast", "fog", "snow"]
    coordinates = {"pruner": ["WT"], "repetition": range(repetitions), "distribution": names}
    made = xr.DataArray([[values] * repetitions], coordinates, ("pruner", "repetition", "distribution"))
    groups = ["train" if name in ("cifar10", *trained) else "test" for name in names]
    return made.assign_coords(group=("distribution", groups))


def test_what_robust_training_gives_back_is_said_for_what_it_has_seen_and_for_what_it_has_not():
    said = findings.regained(potential([0.9, 0.5, 0.4, 0.7]), potential([0.8, 0.7, 0.45, 0.8], "contrast", "snow"))
    assert said == (
        "- **WT**: 90.0% on nominal data after nominal training; on the 2 distributions that robust training has seen: "
        "60.0%, and 75.0% after robust training (50% of the loss is given back); on the 1 distribution that it has not "
        "seen: 40.0%, and 45.0% after robust training (10% of the loss is given back)."
    )


def test_where_robust_training_makes_it_worse_it_says_so():
    said = findings.regained(potential([0.9, 0.5, 0.5, 0.5]), potential([0.9, 0.5, 0.3, 0.3], "contrast"))
    assert "50.0%, and 30.0% after robust training (the loss is 50% larger)" in said


def test_where_nothing_was_lost_nothing_can_be_given_back():
    said = findings.regained(potential([0.5] * 4), potential([0.6] * 4, "contrast"))
    assert said.count("nothing was lost there") == 2


def test_potentials_by_training():
    potentials = {"robust": potential([0.8, 0.6, 0.4, 0.8], "contrast", repetitions=3)}
    potentials["robust-without-digital"] = potential([0.7, 0.1, 0.3, 0.2])
    assert findings.potential_by_training(potentials, "WT", ["contrast", "pixelate"]).splitlines() == [
        "- robust training: 70.0 ± 0.0% on the 2 train distributions, 60.0 ± 0.0% on Contrast, 3 repetitions.",
        "- robust training without digital: 70.0% on nominal data, 10.0% on Contrast, 1 repetition.",
    ]
    assert findings.potential_by_training(potentials, "WT", ["pixelate"]).startswith("None of Pixelate was measured")


@pytest.mark.parametrize("unreached", [0, 2])
def test_the_cost_is_that_of_the_last_network_that_was_reached(unreached):
    made = results_of(("WT", "PFP"), 1, 4, unreached, corruptions=("fog", "snow"))
    curves, shift = made["curves"].sel(repetition=[0]), made["shift"]
    said = findings.cost_by_training({"nominal": shift}, {"nominal": curves}, "PFP")
    last = 4 - unreached
    change = [
        float(shift.error.sel(pruner="PFP", cycle=0, distribution=names).mean())
        - float(shift.error.sel(pruner="PFP", cycle=last, distribution=names).mean())
        for names in (["cifar10"], ["fog", "snow"])
    ]
    ratio = float(curves.prune_ratio.sel(pruner="PFP", cycle=last, repetition=0))
    assert said.startswith(f"- nominal training: with {ratio:.1%} of the parameters pruned, accuracy changes by ")
    assert f"{change[0] * 100:+.1f} points on nominal data" in said
    assert f"{change[1] * 100:+.1f} points on the 2 unseen ones" in said


def test_it_is_said_where_the_kinds_of_training_were_tested_on_other_images():
    made = results_of(("WT",), 1, 2, corruptions=("fog",))
    shift, curves = made["shift"], made["curves"]
    other = shift.assign_attrs(test_sha256="0" * 64)
    for robust, said in ((shift, False), (other, True)):
        shifts = {"nominal": shift, "robust": robust}
        text = findings.cost_by_training(shifts, dict.fromkeys(shifts, curves), "WT")
        assert ("same images" in text) == said
