"""Across networks, a finding holds only beyond chance: in all repetitions and in the whole interval."""

from __future__ import annotations

import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import findings, results

CORRUPTIONS = ("fog", "snow", "frost")


def study(network: str = "resnet20", training: str = "nominal", **shape) -> dict[str, xr.Dataset]:
    parts = results_of(**{"corruptions": CORRUPTIONS} | shape)
    return {part: dataset.assign_attrs(network=network, training=training) for part, dataset in parts.items()}


def with_errors(parts: dict[str, xr.Dataset], change) -> dict[str, xr.Dataset]:
    """The study with other outcomes on its test distributions: ``change(error)``, on as many images."""
    shift = parts["shift"]
    images = shift.sizes["image"]
    test = shift.distribution != "cifar10"
    error = (change(shift.error) * images).round() / images
    error = error.where(test, shift.error).transpose(*shift.error.dims)
    wrong = shift.image >= images - (error * images).round()
    shift = shift.assign(error=error, wrong=wrong.transpose(*shift.wrong.dims))
    return parts | {"shift": results.validate("shift", shift)}


def answers(text: str, finding: str) -> list[str]:
    """The lines below a finding."""
    block = next(block for block in text.split("\n\n**") if block.strip("*").startswith(finding))
    return [line for line in block.splitlines() if line.startswith("- ")]


def flat(error: xr.DataArray) -> xr.DataArray:
    """Pruning costs nothing."""
    return error.sel(cycle=0, drop=True).expand_dims(cycle=error.cycle)


def ruined(error: xr.DataArray) -> xr.DataArray:
    """No pruned network comes close to its parent."""
    return flat(error) + xr.where(error.cycle > 0, 0.2, 0.0)


def test_each_study_is_answered_for_every_method():
    studies = [study(), study("vgg16", methods=("WT", "FT"))]
    text = findings.across([with_errors(parts, ruined) for parts in studies])
    (resnet, vgg) = answers(text, "The prune potential is lower")
    assert resnet == "- ResNet20 (quick, nominal training): holds for WT, SiPP, FT and PFP."
    assert vgg == "- VGG16 (quick, nominal training): holds for WT and FT."
    assert "18 answers" in text


def test_where_shift_costs_nothing_more_the_finding_does_not_hold():
    text = findings.across([with_errors(study(methods=("WT", "FT")), flat)])
    assert "does not hold for WT and FT" in answers(text, "The prune potential is lower")[0]
    assert "does not hold for WT and FT" in answers(text, "The error that shift adds")[0]


def test_one_repetition_does_not_tell_about_noise():
    (line,) = answers(findings.across([study(repetitions=1)]), "It falls under noise")
    assert "is unclear for WT, SiPP, FT and PFP" in line


def test_what_other_test_images_could_turn_cannot_be_told():
    parts = study(methods=("WT",), repetitions=1)

    # On shifted data the largest network within the margin is one image away from not being within.
    def at_the_margin(error: xr.DataArray) -> xr.DataArray:
        parent = error.sel(cycle=0, drop=True).expand_dims(cycle=error.cycle)
        return parent + xr.where(error.cycle > 0, 0.0055, 0.0)

    (line,) = answers(findings.across([with_errors(parts, at_the_margin)]), "The prune potential is lower")
    assert "is unclear for WT" in line


def test_weights_and_filters_are_compared_where_both_were_run():
    (line,) = findings.weights_against_filters_across([study(), study("vgg16", methods=("WT",))]).splitlines()
    assert line.startswith("- ResNet20") and "with WT and SiPP" in line and line.endswith("The finding holds.")
    assert "No study" in findings.weights_against_filters_across([study(methods=("FT",))])


def test_equal_potentials_of_weights_and_filters_do_not_tell():
    (line,) = findings.weights_against_filters_across([with_errors(study(), flat)]).splitlines()
    assert line.endswith("These numbers cannot tell.")


def test_the_distribution_that_allows_least_is_named():
    def fog_ruins(error: xr.DataArray) -> xr.DataArray:
        return flat(error) + xr.where((error.distribution == "fog") & (error.cycle > 0), 0.2, 0.0)

    (line,) = findings.genuine_overparameterization([with_errors(study(methods=("WT",)), fog_ruins)]).splitlines()
    assert "0.0 ± 0.0% on all test distributions at once; the lowest is Fog." in line


@pytest.mark.parametrize("robust_errors, verdict", [(flat, "raises it."), (lambda error: error, "cannot tell.")])
def test_robust_training_is_compared_with_nominal_training_of_the_same_network(robust_errors, verdict: str):
    nominal = study(methods=("WT",))
    robust = with_errors(study(training="robust", methods=("WT",)), robust_errors)
    lines = findings.robust_training([nominal, robust, study("vgg16", training="robust")]).splitlines()
    assert len(lines) == 1 and lines[0].startswith("- ResNet20 (quick), **WT**") and lines[0].endswith(verdict)


def test_networks_of_different_scales_are_not_compared():
    other = {name: part.assign_attrs(scale="reduced") for name, part in study().items()}
    assert "No network" in findings.robust_training([other, study(training="robust")])


def test_networks_of_different_seeds_are_not_compared():
    other = {part: dataset.assign_attrs(seed=1) for part, dataset in study(training="robust").items()}
    assert "No network here was trained both ways" in findings.robust_training([study(), other])


def test_what_lies_among_the_repetitions_of_before_is_no_change():
    nominal, robust = study(methods=("WT",)), study(methods=("WT",), training="robust", repetitions=1)
    spread = xr.DataArray([0.0, 0.2, 0.2], dims="repetition", coords={"repetition": [0, 1, 2]})  # one is as good
    nominal = with_errors(nominal, lambda error: flat(error) + spread * (error.cycle > 0))
    assert "cannot tell" in findings.robust_training([nominal, with_errors(robust, flat)])


def test_without_robust_networks_nothing_is_claimed():
    assert "No network" in findings.robust_training([study()])
