"""Distance from the parent: curves are those of the datasets."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
import xarray as xr

from fixtures.synthetic import results_of
from lostprune import figures, metrics, results


@pytest.fixture(scope="module")
def parts() -> dict[str, xr.Dataset]:
    made = results_of(methods=("WT", "FT"), repetitions=2, unreached=2, corruptions=("fog",))
    noise = made["noise"]
    levels = noise.sizes["noise_level"]
    separate = xr.DataArray(
        np.linspace([0.7, 0.68], [0.3, 0.28], levels).T,
        {"repetition": noise.repetition, "noise_level": noise.noise_level},
    )
    made["noise"] = noise.assign(
        separate_matching_predictions=separate, separate_softmax_distance=1 - separate, separate_error=1 - separate
    )
    results.validate("noise", made["noise"])
    return made


def lines(figure: hv.Overlay) -> dict[str, hv.Curve]:
    return {one.label: one for one in figure.traverse(lambda one: one, [hv.Curve])}


@pytest.mark.parametrize("measure, factor", [("matching_predictions", 100), ("softmax_distance", 1)])
def test_curves_are_the_pruned_networks_and_the_separate_one(parts: dict, measure: str, factor: float):
    drawn = lines(figures.noise_similarity(parts["noise"], parts["curves"], "WT", measure))
    assert len(drawn) == 6 and "separate network" in drawn
    separate = parts["noise"][f"separate_{measure}"].mean("repetition")
    np.testing.assert_allclose(drawn["separate network"].dimension_values(1), factor * separate)
    ratio = parts["curves"].prune_ratio.sel(pruner="WT").mean("repetition")
    for cycle in range(1, 9):
        name = f"{100 * float(ratio.sel(cycle=cycle)):.0f}% pruned"
        if name in drawn:
            expected = parts["noise"][measure].sel(pruner="WT", cycle=cycle).mean("repetition")
            np.testing.assert_allclose(drawn[name].dimension_values(1), factor * expected)


def test_networks_that_were_not_reached_have_no_curve(parts: dict):
    drawn = lines(figures.noise_similarity(parts["noise"], parts["curves"], "FT", "matching_predictions"))
    assert not {"97% pruned", "86% pruned"} & set(drawn)


def test_without_a_separate_network_the_pruned_ones_are_shown():
    parts = results_of(methods=("WT",), corruptions=("fog",))
    drawn = lines(figures.noise_similarity(parts["noise"], parts["curves"], "WT", "softmax_distance"))
    assert drawn and "separate network" not in drawn


def test_flips_are_shares_of_the_images_by_direction(parts: dict):
    flips = metrics.flips(results.outcomes(parts["shift"]).where(parts["curves"].prune_ratio.notnull()))
    drawn = lines(figures.signed_flips(flips, parts["curves"], parts["shift"], "FT", "fog"))
    found = flips.negative_flip_rate.sel(pruner="FT", distribution="fog").mean("repetition").dropna("cycle")
    np.testing.assert_allclose(drawn["right turned into wrong"].dimension_values(1), 100 * found)
    assert len(drawn) == 2 and len(found) == 7


@pytest.mark.parametrize("backend", ["bokeh", "matplotlib"])
def test_figures_render(parts: dict, backend: str):
    flips = metrics.flips(results.outcomes(parts["shift"]))
    for figure in (
        figures.noise_similarity(parts["noise"], parts["curves"], "WT", "softmax_distance"),
        figures.signed_flips(flips, parts["curves"], parts["shift"], "WT", "cifar10"),
    ):
        hv.renderer(backend).get_plot(figure)
