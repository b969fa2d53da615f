"""Sentences say what the numbers say: a finding holds, does not hold, or cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import findings, metrics
from lostprune.figures.curves import accuracy_rows


def potential_of(dimension: str, values: list, **by_method: list) -> xr.DataArray:
    """Prune potential (pruner, repetition, dimension) of the given fractions."""
    coordinates = {
        "pruner": list(by_method),
        "repetition": range(len(next(iter(by_method.values())))),
        dimension: values,
    }
    potential = xr.DataArray(list(by_method.values()), coordinates, attrs={"delta": 0.005})
    return with_groups(potential) if dimension == "distribution" else potential


def with_groups(potential: xr.DataArray, *trained: str) -> xr.DataArray:
    groups = ["train" if name in ("cifar10", *trained) else "test" for name in potential.distribution.values]
    return potential.assign_coords(group=("distribution", groups))


def under_noise(**by_method: list) -> dict[str, str]:
    potential = potential_of("noise_level", [0.0, 0.1, 0.3], **by_method)
    noise = results_of(methods=tuple(by_method))["noise"].isel(noise_level=[0, 1, 3])
    text = findings.under_noise(potential, noise, images=1000)
    return {line.split("**")[1]: line for line in text.splitlines() if line.startswith("- ")}


def test_under_noise_each_method_is_judged_on_its_own():
    said = under_noise(WT=[[0.85, 0.5, 0.0]], FT=[[0.5, 0.5, 0.6]], PFP=[[0.0, 0.0, 0.1]])
    assert "85.0% at level 0, 0.0% at level 0.3; it is 0 from level 0.3 on. It falls: the finding holds" in said["WT"]
    assert "It does not fall: the finding does not hold here." in said["FT"]
    assert "Nothing could be pruned to begin with" in said["PFP"]


def test_under_noise_repetitions_that_disagree_are_counted():
    said = under_noise(WT=[[0.8, 0.5, 0.2], [0.8, 0.8, 0.9], [0.8, 0.8, 0.8]])["WT"]
    assert "80.0 ± 0.0% at level 0, 63.3 ± 30.9% at level 0.3" in said
    assert "It is lower in 1 of 3 repetitions: they disagree, and these numbers cannot tell." in said


def test_under_noise_repetitions_that_agree_make_a_verdict():
    said = under_noise(WT=[[0.8, 0.5, 0.2], [0.8, 0.8, 0.5]], FT=[[0.5, 0.5, 0.5], [0.5, 0.8, 0.9]])
    assert said["WT"].endswith("It falls: the finding holds in all 2 repetitions.")
    assert said["FT"].endswith("It does not fall: the finding does not hold in any repetition.")


def test_under_noise_says_what_the_margin_is_worth():
    curves, *_, noise = results_of().values()
    potential = metrics.prune_potential(noise.error, prune_ratio=curves.prune_ratio)
    text = findings.under_noise(potential, noise, images=1000)
    assert "from 90.0 ± 0.0% at noise level 0 to 65.0 ± 0.0% at 0.3" in text
    assert "On these 1,000 images the margin is 5 images." in text


def test_over_distributions_counts_lower_same_and_higher():
    potential = potential_of(
        "distribution",
        ["cifar10", "fog", "snow", "frost"],
        WT=[[0.8, 0.5, 0.8, 0.9], [0.8, 0.3, 0.8, 0.9]],
        FT=[[0.5, 0.0, 0.0, 0.2], [0.5, 0.0, 0.0, 0.2]],
    )
    wt, ft = findings.over_distributions(potential).splitlines()
    assert wt == (
        "- **WT**: 80.0% on nominal data; lower on 1 of 3 test distributions, higher on 1, the same on 1. "
        "The lowest is 40.0%, on Fog."
    )
    assert ft.endswith("lower on 3 of 3 test distributions, higher on 0, the same on 0. On 2 of them it is 0.")


def test_overparameterization_compares_nominal_with_the_average_under_shift():
    potential = potential_of(
        "distribution", ["cifar10", "fog", "snow"], WT=[[0.8, 0.5, 0.7]], FT=[[0.5, 0.6, 0.8]], PFP=[[0.0, 0.0, 0.1]]
    )
    wt, ft, pfp = findings.overparameterization(potential).splitlines()
    assert "80.0% on nominal data, 60.0% under shift. It is lower under shift: the finding holds here." in wt
    assert "It is not lower under shift: the finding does not hold here." in ft
    assert "there is nothing to lose" in pfp


def test_after_robust_training_the_average_over_what_was_trained_on_takes_the_place_of_nominal_data():
    names = ["cifar10", "fog", "contrast", "snow"]
    potential = with_groups(potential_of("distribution", names, WT=[[0.9, 0.6, 0.7, 0.8]]), "contrast", "snow")
    said = findings.overparameterization(potential)
    assert "80.0% on the 3 train distributions, 60.0% under shift. It is lower under shift" in said
    assert findings.over_distributions(potential) == (
        "- **WT**: 80.0% on the 3 train distributions; lower on 1 of 1 test distribution, higher on 0, the same on 0. "
        "The lowest is 60.0%, on Fog."
    )


def test_margins_say_whether_the_verdict_depends_on_them():
    strict = potential_of("distribution", ["cifar10", "fog"], WT=[[0.8, 0.5]], FT=[[0.5, 0.2]], PFP=[[0.0, 0.0]])
    loose = potential_of("distribution", ["cifar10", "fog"], WT=[[0.9, 0.6]], FT=[[0.5, 0.7]], PFP=[[0.4, 0.1]])
    wt, ft, pfp = findings.margins([strict, loose.assign_attrs(delta=0.05)]).splitlines()
    assert wt == (
        "- **WT**: lower under shift for δ = 0.5% and 5%. "
        "Where these numbers can tell, the choice of δ does not change the verdict."
    )
    assert ft == (
        "- **FT**: lower under shift for δ = 0.5%; not lower for δ = 5%. The choice of δ changes the verdict."
    )
    assert "lower under shift for δ = 5%; unclear for δ = 0.5%. Where these numbers can tell" in pfp
    assert findings.margins([strict.sel(pruner=["PFP"])]).endswith("These numbers cannot tell, whatever δ is.")


def resampled_of(**by_method: list) -> xr.DataArray:
    """(resample, pruner, repetition, distribution) with one repetition, of [nominal, fog] for each resample."""
    values = np.array(list(by_method.values())).transpose(1, 0, 2)[:, :, None]
    coordinates = {"pruner": list(by_method), "repetition": [0], "distribution": ["cifar10", "fog"]}
    return with_groups(xr.DataArray(values, coordinates, ("resample", *coordinates)))


def test_intervals_say_whether_the_test_set_can_tell():
    resampled = resampled_of(
        WT=[[0.8, 0.4], [0.8, 0.5], [0.8, 0.6]], FT=[[0.5, 0.4], [0.5, 0.6], [0.5, 0.6]], PFP=[[0.1, 0.3]] * 3
    )
    potential = resampled.isel(resample=1, drop=True)
    wt, ft, pfp = findings.intervals(potential, resampled).splitlines()
    assert wt == (
        "- **WT**: 80.0% on nominal data, 95% interval 80.0% to 80.0%. Over all distributions the intervals are 10.0 "
        "points wide on average, 20.0 at most (on Fog). The average under shift differs by -30.0 points (interval "
        "-40.0 to -20.0): the test set is large enough to tell that it is lower."
    )
    assert "(interval -10.0 to +10.0): the interval includes 0" in ft
    assert pfp.endswith("the test set is large enough to tell that it is higher.")
    lower, higher, may = findings.beyond_sampling(resampled).split(". ")
    assert "WT" in lower and "lower" in lower and "PFP" in higher and "higher" in higher
    assert "FT" in may and "chance" in may
    assert findings.beyond_sampling(resampled.sel(pruner=["FT"])).startswith("For no method")


def test_the_test_sets_are_named_with_their_origin_and_with_those_left_out():
    shift = results_of(corruptions=("fog", "snow", "frost"))["shift"]
    shift["source"][:] = ["cifar10 test", "generated", "CIFAR-10-C", "generated"]
    shift.attrs["left_out"] = '{"cifar10_1": "not available."}'
    assert findings.test_sets(shift).splitlines() == [
        "- CIFAR-10: 2,000 test images, as they are.",
        "- Fog and Frost: 2,000 test images, corrupted here by the published definitions.",
        "- Snow: 2,000 test images, from the published archive.",
        "- CIFAR-10.1 is missing: not available.",
    ]


def test_paired_comparison_counts_the_images_on_which_one_of_the_two_is_wrong():
    curves, shift, *_ = results_of(repetitions=1, cycles=1, methods=("WT",), corruptions=("fog",)).values()
    pruned = shift.wrong.sel(cycle=0).values.copy()
    pruned[..., :20] ^= True
    shift.wrong.loc[{"cycle": 1}] = pruned
    text = findings.paired_comparison(shift, curves, 0.005)
    assert text.startswith("On 2,000 test images, the margin δ = 0.5% is 10 images.")
    assert "On 1.0% of the images" in text and "standard error of 0.22%" in text  # sqrt(0.01 * 0.99 / 2000)
    assert "0.44%: less than the margin" in text
    assert "more than the margin" in findings.paired_comparison(shift, curves, 0.004)


def test_curves_under_shift_names_the_worst_and_the_best():
    curves, shift, *_ = results_of(repetitions=1, cycles=2, methods=("WT",), corruptions=("fog", "snow")).values()
    curves["prune_ratio"][:] = [0.0, 0.5, 0.9]
    shift["error"][:] = [[[[0.1, 0.2, 0.3], [0.104, 0.23, 0.3], [0.2, 0.3, 0.4]]]]
    assert findings.curves_under_shift(shift, curves, "WT", 0.005) == (
        "Where WT has pruned as much as nominal data allow, 50.0%, the test accuracy changes by -0.4 points on "
        "CIFAR-10 and by -1.5 points on average under shift: worst on Fog (-3.0 points), best on Snow (+0.0 points). "
        "It falls by more than 0.5 points on 1 of 2 test distributions."
    )
    none = findings.curves_under_shift(shift, curves, "WT", 0.001)
    assert "No network pruned with WT stays within 0.1 points" in none


@pytest.mark.parametrize(
    "growth, said",
    [(0.2, "the finding holds here"), (-0.2, "the finding does not hold here"), (0.0, "includes 0")],
)
def test_excess_reads_the_interval_of_the_slope(growth: float, said: str):
    ratio = xr.DataArray(
        np.broadcast_to(np.linspace(0, 0.9, 10), (1, 2, 10)),
        {"pruner": ["WT"], "repetition": [0, 1], "cycle": range(10)},
    )
    scatter = 0.01 * xr.DataArray(np.array([1, -1]), dims="repetition")  # one repetition above, one below the line
    difference = growth * ratio + scatter * (ratio > 0)
    text = findings.excess(difference.transpose(*ratio.dims), ratio)
    assert said in text
    assert text.startswith(f"- **WT**: {10 * growth:+.2f} points of error for every 10%")


def test_excess_of_few_points_is_no_verdict():
    curves, shift, *_ = results_of(repetitions=1, cycles=3, methods=("WT",)).values()
    text = findings.excess(metrics.excess_error_difference(shift.error), curves.prune_ratio)
    assert "That is from 3 pruned networks only: these numbers cannot tell." in text


def test_closing_sorts_the_methods_by_answer():
    curves, shift, *_ = results_of(repetitions=1, cycles=3).values()
    noise = potential_of("noise_level", [0.0, 0.3], WT=[[0.8, 0.1]], SiPP=[[0.8, 0.0]], FT=[[0.5, 0.5]], PFP=[[0, 0]])
    distributions = ["cifar10", "fog"]
    shifted = potential_of("distribution", distributions, WT=[[0.8, 0.9]], SiPP=[[0.8, 0]], FT=[[0.5, 0]], PFP=[[0, 0]])
    difference = metrics.excess_error_difference(shift.error)
    assert findings.closing(noise, shifted, difference, curves.prune_ratio).splitlines() == [
        "- *The prune potential falls under noise*: holds for WT and SiPP; does not hold for FT; is unclear for PFP.",
        "- *It is lower on the test distributions than on nominal data*: "
        "holds for SiPP and FT; does not hold for WT; is unclear for PFP.",
        "- *The error that shift adds grows with the prune ratio*: is unclear for WT, SiPP, FT and PFP.",
    ]


def test_accuracy_is_that_of_the_parents_and_of_the_last_cycle_reached():
    curves = results_of(unreached=6, repetitions=1)["curves"]
    text = findings.accuracy(curves)
    assert text.startswith("The test accuracy of the unpruned ResNet20 is 90.0%.")
    last = curves.sel(pruner="PFP", repetition=0, cycle=2)
    assert f"{1 - float(last.test_error):.1%} with PFP at a prune ratio of {float(last.prune_ratio):.1%}" in text


def test_commensurate_names_the_closest_where_none_is_within_the_margin():
    curves = results_of(repetitions=1, cycles=2, methods=("WT", "FT"))["curves"]
    curves["prune_ratio"][:] = [[[0.0, 0.5, 0.9]], [[0.0, 0.4, 0.8]]]
    curves["test_error"][:] = [[[0.1, 0.104, 0.3]], [[0.1, 0.2, 0.15]]]
    curves["flop_reduction"][:] = [[[0.0, 0.6, 0.95]], [[0.0, 0.3, 0.7]]]
    wt, ft = findings.commensurate(curves, 0.005).splitlines()
    assert wt == (
        "- **WT** can remove 50.0% of the parameters, which saves 60.0% of the multiply-adds, "
        "and stay within 0.5 points of its parent's test accuracy. (The paper: 84.9%.)"
    )
    assert (
        "FT** has no pruned network within 0.5 points of its parent; the closest loses 5.00 points, at a prune ratio "
        "of 80.0%" in ft
    )


def test_commensurate_of_a_method_that_the_paper_lacks():
    curves = results_of()["curves"]
    curves = curves.assign_coords(pruner=["WT", "SiPP", "FT", "Random"])
    assert [("paper" in line.lower()) for line in findings.commensurate(curves, 0.005).splitlines()] == [True] * 3 + [
        False
    ]


def test_a_chain_without_a_pruned_network_has_no_numbers():
    parts = results_of(methods=("WT", "FT"))
    curves, shift = (parts[name].copy(deep=True) for name in ("curves", "shift"))
    pruned = {"pruner": 1, "cycle": slice(1, None)}
    curves["prune_ratio"][pruned] = curves["test_error"][pruned] = np.nan
    shift["error"][pruned] = np.nan
    difference = metrics.excess_error_difference(shift.error)
    for text in (findings.commensurate(curves, 0.005), findings.excess(difference, curves.prune_ratio)):
        assert "no pruned network" in text.splitlines()[1] and "nan" not in text


def test_commensurate_of_a_network_that_the_paper_lacks():
    curves = results_of()["curves"].assign_attrs(network="my_net")
    assert "paper" not in findings.commensurate(curves, 0.005)


def test_resolution_counts_the_images_of_the_margin():
    curves, *_, noise = results_of(repetitions=1).values()
    text = findings.resolution(2000, 0.005, curves)
    assert "on 2,000 test images: one image is worth 0.05%, and the margin δ = 0.5% is 10 images." in text
    assert "standard error of 0.67%, more than the margin itself" in text  # sqrt(0.1 * 0.9 / 2000)
    assert "There is one repetition" in text
    noise["matching_predictions"][:] = 0.99
    paired = findings.resolution(10_000, 0.005, curves, noise)
    assert "predict differently on 1% of the images" in paired
    assert "standard error of up to 0.10%, less than the margin." in paired  # sqrt(0.01 / 10000)


def test_resolution_with_repetitions():
    assert "are over 3 repetitions." in findings.resolution(200, 0.005, results_of()["curves"])


def test_chains_that_ended_early_are_named():
    assert findings.unreached(results_of()["curves"]) == ""
    assert findings.unreached(results_of(unreached=2)["curves"]) == (
        "- **PFP**, repetition 1, ends before cycle 7: it would have lost a whole layer (fc.weight)."
    )


def test_of_segmentation_no_number_of_images_is_a_margin():
    parts = results_of(repetitions=1)
    for part in parts.values():
        part.attrs["dataset"] = "voc"
    curves, noise = parts["curves"], parts["noise"]
    potential = metrics.prune_potential(noise.error, prune_ratio=curves.prune_ratio, delta=0.005)
    text = findings.accuracy(curves) + findings.resolution(60, 0.005, curves, noise)
    text += findings.under_noise(potential, noise, 60) + findings.commensurate(curves, 0.5)
    assert "mean IoU" in text and not any(words in text for words in ("accuracy", "worth", "0.3 image"))


def test_excess_of_one_parent_is_no_verdict():
    ratio = xr.DataArray(np.linspace(0, 0.9, 10)[None, None], dims=("pruner", "repetition", "cycle"))
    ratio = ratio.assign_coords(pruner=["WT"], repetition=[0], cycle=range(10))
    assert "one parent" in findings.excess(0.2 * ratio, ratio)


def test_where_a_repetition_ends_early_accuracy_is_that_of_all_of_them():
    curves = results_of(methods=("WT",), repetitions=2, cycles=2)["curves"]
    curves["test_error"][:] = [[[0.1, 0.11, 0.12], [0.2, 0.21, np.nan]]]
    curves["prune_ratio"][:] = [[[0.0, 0.5, 0.9], [0.0, 0.5, np.nan]]]
    assert "84.0" in findings.accuracy(curves) and "88.0" not in findings.accuracy(curves)
    assert len(accuracy_rows(curves.prune_ratio.sel(pruner="WT"), curves.test_error.sel(pruner="WT"))) == 2
