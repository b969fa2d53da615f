"""Kinds of training side by side: the bars and curves are those of the datasets."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest

from fixtures.synthetic import results_of
from lostprune import figures, metrics

CORRUPTIONS = ("fog", "contrast", "brightness", "snow")
TRAININGS = ("nominal", "robust", "augmix")


def studies(**shape) -> tuple[dict, dict, dict]:
    """Parts shift and curves, and the potentials, by training."""
    made = {one: results_of(corruptions=CORRUPTIONS, training=one, seed=i, **shape) for i, one in enumerate(TRAININGS)}
    shifts, curves = ({one: parts[name] for one, parts in made.items()} for name in ("shift", "curves"))
    potentials = {
        one: metrics.prune_potential(shift.error, prune_ratio=curves[one].prune_ratio) for one, shift in shifts.items()
    }
    return shifts, curves, potentials


def labelled(figure: hv.Overlay, kind: type) -> dict[str, hv.Element]:
    return {one.label: one for one in figure.traverse(lambda x: x, [kind]) if one.label}


def test_bars_stand_beside_each_other_and_what_robust_training_has_seen_comes_first():
    shifts, _, potentials = studies()
    bars = labelled(figures.prune_potential_by_training(potentials, shifts, "WT"), hv.Rectangles)
    assert list(bars) == ["nominal training", "robust training", "AugMix"]
    order = ["cifar10", "contrast", "snow", "fog", "brightness"]
    for training, one in zip(TRAININGS, bars.values(), strict=True):
        assert one["distribution"].tolist() == [figures.label(name) for name in order]
        expected = potentials[training].sel(pruner="WT", distribution=order).mean("repetition")
        np.testing.assert_allclose(one["y1"], 100 * expected)
    starts = np.sort(np.concatenate([one["x0"] for one in bars.values()]))
    assert (np.diff(starts) > 0.2).all()


def test_only_what_all_have_is_shown():
    shifts, _, potentials = studies()
    potentials["nominal"] = potentials["nominal"].drop_sel(distribution="snow")
    bars = labelled(figures.prune_potential_by_training(potentials, shifts, "FT"), hv.Rectangles)
    assert all("Snow" not in one["distribution"] for one in bars.values())


def test_curves_are_averages_over_what_no_training_has_seen():
    shifts, curves, _ = studies(repetitions=2)
    figure = figures.accuracy_by_training(shifts, curves, "FT")
    lines = labelled(figure, hv.Curve)
    assert list(lines) == ["nominal training", "robust training", "AugMix"]
    error = shifts["robust"].error.sel(pruner="FT", distribution=["fog", "brightness"]).mean("distribution")
    np.testing.assert_allclose(lines["robust training"]["accuracy"], 100 * (1 - error.mean("repetition")))
    levels = [one for one in figure.traverse(lambda x: x, [hv.Curve]) if not one.label]
    parents = [
        100 * (1 - shift.error.sel(pruner="FT", distribution=["fog", "brightness"], cycle=0))
        for shift in shifts.values()
    ]
    assert [one["accuracy"][0] for one in levels] == pytest.approx([float(one.mean()) for one in parents])


def test_results_of_several_days_and_scales_are_named():
    shifts, curves, _ = studies()
    shifts["augmix"].attrs["date"] = "2026-12-01T10:00:00+00:00"
    shifts["robust"].attrs["scale"] = "reduced"
    drawn = hv.renderer("bokeh").get_plot(figures.accuracy_by_training(shifts, curves, "WT")).state
    (footer,) = [model.text for model in drawn.below if hasattr(model, "text")]
    assert footer.replace("\n", " ") == (
        "scale quick · CPU, 2 threads · 2026-11-22, 2026-12-01 · seed 0; "
        "scale reduced · CPU, 2 threads · 2026-11-22 · seed 0"
    )
