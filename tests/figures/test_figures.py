"""Figures render under both backends, and show the numbers of the datasets they are given."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
import torch
import xarray as xr
from bokeh.models import HoverTool, Title

from fixtures.synthetic import CORRUPTIONS, results_of
from lostprune import data, figures, metrics, results
from lostprune.metrics.repetitions import over_repetitions

PROVENANCE = "scale quick · CPU, 2 threads · 2026-11-22 · seed 0"
FEW = ("gaussian_noise", "brightness", "contrast")


def potential_of(error: xr.DataArray, curves: xr.Dataset, delta: float = 0.005) -> xr.DataArray:
    return metrics.prune_potential(error, prune_ratio=curves.prune_ratio, delta=delta)


def resampled_of(shift: xr.Dataset, curves: xr.Dataset) -> xr.DataArray:
    return metrics.resampled_prune_potential(results.outcomes(shift), curves.prune_ratio, resamples=50)


def every_figure(**shape) -> dict[str, hv.core.Dimensioned]:
    curves, shift, _, noise = results_of(**{"cycles": 3, "corruptions": FEW} | shape).values()
    potential, resampled = potential_of(shift.error, curves), resampled_of(shift, curves)
    potentials = [potential_of(shift.error, curves, delta) for delta in (0, 0.005, 0.05)]
    noise_potential = potential_of(noise.error, curves)
    difference = metrics.excess_error_difference(shift.error)
    return {
        "curves": figures.prune_accuracy_curves(curves),
        "under_shift": figures.prune_accuracy_under_shift(shift, curves, "FT"),
        "by_distribution": figures.prune_accuracy_by_distribution(shift, curves),
        "bars": figures.prune_potential_bars(potential, shift),
        "intervals": figures.prune_potential_intervals(potential, resampled, shift),
        "detail": figures.prune_potential_in_detail(potential, resampled, shift, "FT"),
        "slider": figures.prune_potential_slider(potentials, shift),
        "margins": figures.prune_potential_for_margins(potentials, shift, "FT"),
        "noise": figures.potential_under_noise(noise_potential, noise),
        "noise_by_repetition": figures.potential_under_noise_by_repetition(noise_potential, noise)[0, 0],
        "excess": figures.excess_error(difference, curves.prune_ratio, shift),
        **by_training(**{"cycles": 3, "corruptions": FEW} | shape),
    }


def by_training(**shape) -> dict[str, hv.core.Dimensioned]:
    results_by = {training: results_of(**shape, training=training) for training in ("nominal", "robust")}
    shifts, curves = ({one: parts[name] for one, parts in results_by.items()} for name in ("shift", "curves"))
    potentials = {one: potential_of(shifts[one].error, curves[one]) for one in results_by}
    return {
        "potential_by_training": figures.prune_potential_by_training(potentials, shifts, "FT"),
        "accuracy_by_training": figures.accuracy_by_training(shifts, curves, "FT"),
    }


def elements(figure: hv.Overlay, kind: type) -> dict[str, hv.Element]:
    return {element.label: element for element in figure.traverse(lambda x: x, [kind]) if element.label}


SHAPES = {
    "cycles missing": {"unreached": 2, "corruptions": CORRUPTIONS[:5]},
    "one repetition": {"repetitions": 1},
    "one method, one cycle": {"methods": ("FT",), "cycles": 1},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_with_bokeh_every_figure_says_its_provenance_and_answers_when_pointed_at(shape: dict):
    for name, figure in every_figure(**shape).items():
        drawn = hv.renderer("bokeh").get_plot(figure).state
        assert [model.text for model in drawn.below if isinstance(model, Title)] == [PROVENANCE], name
        assert drawn.select(HoverTool), name


def test_with_matplotlib_every_figure_says_its_provenance():
    for name, figure in every_figure(**SHAPES["one repetition"]).items():
        axis = hv.renderer("matplotlib").get_plot(figure).handles["axis"]
        assert PROVENANCE in [text.get_text() for text in axis.texts], name


def test_provenance_names_both_devices_where_they_differ():
    curves = results_of()["curves"].assign_attrs(training_device="NVIDIA H200")
    assert figures.provenance(curves) == (
        "scale quick · trained on NVIDIA H200, evaluated on CPU, 2 threads · 2026-11-22 · seed 0"
    )


@pytest.mark.parametrize(
    "name, shown",
    [
        ("gaussian_noise", "Gaussian noise"),
        ("jpeg_compression", "JPEG compression"),
        ("cifar10", "CIFAR-10"),
    ],
)
def test_labels_of_distributions(name: str, shown: str):
    assert figures.label(name) == shown


def test_labels_of_networks():
    assert figures.network_label("wrn16_8") == "WRN16-8"
    assert figures.network_label("my_net") == "my_net"  # the user's own


def test_mean_and_deviation_are_those_of_numpy():
    values = np.random.default_rng(0).random((2, 3, 4))
    values[0, 1, 2] = values[0, :, 3] = np.nan  # one repetition missing; all missing
    mean, deviation = over_repetitions(xr.DataArray(values, dims=("pruner", "repetition", "cycle")))
    known = values[:, :, :3]
    np.testing.assert_allclose(mean[:, :3], np.nanmean(known, 1) * 100)
    np.testing.assert_allclose(deviation[:, :3], np.nanstd(known, 1) * 100)
    assert np.isnan(mean[0, 3]) and np.isnan(deviation[0, 3])


def test_the_curves_show_mean_accuracy_in_percent():
    curves = results_of()["curves"]
    drawn = elements(figures.prune_accuracy_curves(curves), hv.Scatter)["SiPP"]
    mine = curves.sel(pruner="SiPP").mean("repetition")
    np.testing.assert_allclose(drawn["prune_ratio"], 100 * mine.prune_ratio)
    np.testing.assert_allclose(drawn["accuracy"], 100 - 100 * mine.test_error)
    parent = elements(figures.prune_accuracy_curves(curves), hv.Curve)["unpruned parent"]
    np.testing.assert_allclose(parent["accuracy"], 100 - 100 * float(mine.test_error[0]))


def test_cycles_that_were_not_reached_are_not_drawn():
    drawn = elements(figures.prune_accuracy_curves(results_of(unreached=2, cycles=8)["curves"]), hv.Scatter)
    assert len(drawn["WT"]) == 9 and len(drawn["PFP"]) == 7


@pytest.mark.parametrize("repetitions, whiskers", [(1, False), (3, True)])
def test_error_bars_need_repetitions(repetitions: int, whiskers: bool):
    for name, figure in every_figure(repetitions=repetitions).items():
        drawn = figure.traverse(lambda x: x, [hv.ErrorBars])
        has_none = ("excess", "intervals", "detail", "margins", "noise_by_repetition")
        assert bool(drawn) is (whiskers and name not in has_none), name


def test_curves_of_equal_potential_lie_beside_each_other_and_say_the_exact_level():
    noise = results_of(repetitions=1)["noise"]
    potential = xr.full_like(noise.error.isel(cycle=0, drop=True), 0.5).assign_attrs(delta=0.005)
    drawn = elements(figures.potential_under_noise(potential, noise), hv.Scatter)
    assert len({tuple(one["noise_level"]) for one in drawn.values()}) == 4
    for one in drawn.values():
        np.testing.assert_array_equal(one["exact"], potential.noise_level)
        np.testing.assert_array_equal(one["potential"], 50.0)


def test_one_bar_for_every_method_and_distribution():
    curves, shift, *_ = results_of().values()
    potential = potential_of(shift.error, curves)
    bars = elements(figures.prune_potential_bars(potential, shift), hv.Rectangles)
    assert list(bars) == ["WT", "SiPP", "FT", "PFP"]
    np.testing.assert_allclose(bars["FT"]["y1"], 100 * potential.sel(pruner="FT").mean("repetition"))
    assert bars["FT"]["distribution"].tolist() == [figures.label(name) for name in ("cifar10", *CORRUPTIONS)]
    edges = np.sort(np.concatenate([[bar["x0"], bar["x1"]] for bar in bars.values()], axis=1))
    assert (np.diff(np.sort(np.concatenate([bar["x0"] for bar in bars.values()]))) > 0.19).all()  # none overlap
    assert edges.min() >= -0.4 - 1e-9 and edges.max() <= len(CORRUPTIONS) + 0.4 + 1e-9


def test_train_distributions_stand_first_on_a_ground_of_their_own():
    curves, shift, *_ = results_of(corruptions=FEW, training="robust").values()
    figure = figures.prune_potential_bars(potential_of(shift.error, curves), shift)
    bars = elements(figure, hv.Rectangles)["WT"]
    assert bars["distribution"].tolist() == ["CIFAR-10", "Contrast", "Gaussian noise", "Brightness"]
    (ground,) = [one for one in figure.traverse(lambda x: x, [hv.Rectangles]) if not one.label]
    start, end = ground["x0"][0], ground["x1"][0]
    assert start < bars["x0"][0] and bars["x1"][1] < end < bars["x0"][2]
    (names,) = figure.traverse(lambda x: x, [hv.Labels])
    (train, _, first), (test, _, second) = zip(*names.columns().values(), strict=True)
    assert (first, second) == ("train", "test") and start < train < end < test


def test_the_legend_says_of_each_distribution_whether_the_networks_were_trained_on_it():
    curves, shift, *_ = results_of(corruptions=FEW, training="robust").values()
    figure = figures.prune_accuracy_under_shift(shift, curves, "WT")
    labels = {one.label for one in figure.traverse(lambda x: x, [hv.Curve])}
    assert labels == {"CIFAR-10 (train)", "Gaussian noise (test)", "Brightness (test)", "Contrast (train)"}


def test_a_potential_that_does_not_say_what_was_trained_on_is_refused():
    curves, shift, *_ = results_of(corruptions=FEW).values()
    with pytest.raises(ValueError, match="expected 'distribution' and, along it, 'group'"):
        figures.prune_potential_bars(potential_of(shift.error.drop_vars("group"), curves), shift)


def test_the_slider_has_one_picture_for_every_margin():
    curves, shift, *_ = results_of(corruptions=FEW).values()
    potentials = [potential_of(shift.error, curves, delta) for delta in (0.05, 0.0)]
    frames = figures.prune_potential_slider(potentials, shift)
    assert [dimension.label for dimension in frames.kdims] == ["margin δ (%)"] and frames.keys() == [0.0, 5.0]
    expected = 100 * potentials[0].sel(pruner="WT").mean("repetition")
    np.testing.assert_allclose(elements(frames[5.0], hv.Rectangles)["WT"]["y1"], expected)


def test_the_steps_of_a_bar_are_the_margins_and_all_can_be_seen():
    curves, shift, *_ = results_of(corruptions=FEW).values()
    potentials = [potential_of(shift.error, curves, delta) for delta in (0.02, 0.0, 0.005)]
    drawn = elements(figures.prune_potential_for_margins(potentials, shift, "FT"), hv.Rectangles)
    assert list(drawn) == ["δ = 2%", "δ = 0.5%", "δ = 0%"]  # the largest is drawn first, below the others
    heights = [one["y1"] for one in drawn.values()]
    assert (heights[0] >= heights[1]).all() and (heights[1] >= heights[2]).all() and (heights[0] > heights[2]).any()
    np.testing.assert_allclose(heights[2], 100 * potentials[1].sel(pruner="FT").mean("repetition"))


def test_intervals_are_drawn_around_their_potentials():
    curves, shift, *_ = results_of(corruptions=FEW).values()
    potential, resampled = potential_of(shift.error, curves), resampled_of(shift, curves)
    marks = elements(figures.prune_potential_intervals(potential, resampled, shift), hv.Scatter)["SiPP"]
    bounds = 100 * metrics.interval(resampled.mean("repetition")).sel(pruner="SiPP")
    np.testing.assert_allclose(marks["potential"], 100 * potential.sel(pruner="SiPP").mean("repetition"))
    np.testing.assert_allclose(marks["lower"], bounds.sel(bound="lower"))
    detail = figures.prune_potential_in_detail(potential, resampled, shift, "SiPP")
    single = elements(detail, hv.Scatter)["SiPP, repetition 2"]
    np.testing.assert_allclose(
        single["upper"], 100 * metrics.interval(resampled).sel(pruner="SiPP", repetition=1, bound="upper")
    )
    (lines,) = [one for one in detail.traverse(lambda x: x, [hv.Segments]) if one["row"][0] == single["row"][0]]
    np.testing.assert_allclose(lines["x1"], single["upper"])


def test_accuracy_on_the_chosen_distribution():
    curves, shift, *_ = results_of(corruptions=FEW).values()
    frames = figures.prune_accuracy_by_distribution(shift, curves)
    assert frames.keys() == ["CIFAR-10 (train)", "Gaussian noise (test)", "Brightness (test)", "Contrast (test)"]
    drawn = elements(frames["Brightness (test)"], hv.Scatter)["PFP"]
    mine = shift.error.sel(pruner="PFP", distribution="brightness").mean("repetition")
    np.testing.assert_allclose(drawn["accuracy"], 100 - 100 * mine)


@pytest.mark.parametrize("corruptions, shown", [(FEW, FEW), (CORRUPTIONS, ("fog", "gaussian_noise"))])
def test_the_legend_names_few_distributions(corruptions: tuple[str, ...], shown: tuple[str, ...]):
    curves, shift, *_ = results_of(corruptions=corruptions).values()
    figure = figures.prune_accuracy_under_shift(shift, curves, "WT", highlighted=("fog", "gaussian_noise"))
    expected = {"CIFAR-10 (train)", *(f"{figures.label(name)} (test)" for name in shown)}
    assert set(elements(figure, hv.Curve)) == expected
    assert len(figure.traverse(lambda x: x, [hv.Curve])) == 1 + len(corruptions)
    legend = hv.renderer("bokeh").get_plot(figure).state.legend[0]
    assert {item.label["value"] for item in legend.items} == expected


def test_example_images_keep_every_pixel():
    random = torch.Generator().manual_seed(0)
    images = {str(i): torch.randint(256, (2, 3, 32, 32), generator=random, dtype=torch.uint8) for i in range(3)}
    figure = figures.example_images(images, "images", columns=2)
    canvas = np.dstack([figure.RGB.I.dimension_values(i, flat=False)[::-1] for i in (2, 3, 4)])
    assert canvas.shape == (2 * (9 + 2 * 34), 2 * 34, 3)
    np.testing.assert_array_equal(canvas[9:41, 34:66], images["1"][0].permute(1, 2, 0))
    np.testing.assert_array_equal(canvas[77 + 43 : 77 + 75, :32], images["2"][1].permute(1, 2, 0))
    for backend in ("bokeh", "matplotlib"):
        assert hv.renderer(backend).get_plot(figure).state is not None


def test_example_images_of_different_shapes_are_refused():
    images = {"a": torch.zeros(1, 3, 4, 4, dtype=torch.uint8), "b": torch.zeros(2, 3, 4, 4, dtype=torch.uint8)}
    with pytest.raises(ValueError, match=r"got shapes \[\(1, 3, 4, 4\), \(2, 3, 4, 4\)\]"):
        figures.example_images(images, "images")
    with pytest.raises(ValueError, match="at least one version"):
        figures.example_images({}, "images")


def test_displayable_is_the_inverse_of_normalize_and_clips():
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)
    inputs = data.normalize(images, "cifar10")
    assert torch.equal(figures.displayable(inputs, "cifar10"), images)
    assert figures.displayable(inputs + 100, "cifar10").min() == 255
