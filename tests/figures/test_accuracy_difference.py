"""Figure 9 shows what each network loses against its own parent, over what is saved."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
from bokeh.models import HoverTool

from fixtures.synthetic import results_of
from lostprune import figures


def points(figure: hv.Overlay, method: str) -> np.ndarray:
    """(x, change, standard deviation) of every marker of a method."""
    (marks,) = [one for one in figure.traverse(lambda x: x, [hv.Scatter]) if one.label == method]
    return np.stack([marks.dimension_values(place) for place in (0, 1, 2)], -1)


@pytest.mark.parametrize("over", ["prune_ratio", "flop_reduction"])
def test_every_network_is_compared_with_its_own_parent(over: str):
    curves = results_of(methods=("WT", "FT"), repetitions=2, cycles=2)["curves"]
    curves["test_error"][:] = 0.2
    curves["test_error"][{"repetition": 1}] = 0.3  # another parent
    curves["test_error"].loc[{"pruner": "FT", "cycle": 2}] = [0.25, 0.37]  # 5 and 7 % worse
    figure = figures.accuracy_difference(curves, over)
    saved = curves[over].sel(pruner="FT").mean("repetition") * 100
    np.testing.assert_allclose(points(figure, "FT"), np.stack([saved, [0, 0, -6], [0, 0, 1]], -1), atol=1e-9)
    np.testing.assert_allclose(points(figure, "WT")[:, 1:], 0, atol=1e-9)


@pytest.mark.parametrize("shape", [{"unreached": 2}, {"repetitions": 1}, {"methods": ("FT",), "cycles": 1}])
@pytest.mark.parametrize("backend", ["bokeh", "matplotlib"])
def test_it_renders_and_says_where_it_comes_from(shape: dict, backend: str):
    figure = figures.accuracy_difference(results_of(**{"cycles": 3} | shape)["curves"])
    provenance = "scale quick · CPU, 2 threads · 2026-11-22 · seed 0"
    plot = hv.renderer(backend).get_plot(figure)
    if backend == "bokeh":
        assert provenance in [getattr(model, "text", "") for model in plot.state.below]
        assert plot.state.select(HoverTool)
    else:
        assert provenance in [text.get_text() for text in plot.handles["axis"].texts]


def test_a_cycle_that_nobody_reached_has_no_point():
    curves = results_of(unreached=2, cycles=5)["curves"]
    figure = figures.accuracy_difference(curves)
    assert len(points(figure, "PFP")) == 4 and len(points(figure, "WT")) == 6


def test_the_margin_is_a_line():
    figure = figures.accuracy_difference(results_of()["curves"], delta=0.02)
    (margin,) = [one for one in figure.traverse(lambda x: x, [hv.Curve]) if one.label == "δ = 2%"]
    assert set(margin.dimension_values("difference")) == {-2.0}


def test_another_axis_is_refused():
    with pytest.raises(ValueError, match="over: got 'flops', expected one of prune_ratio, flop_reduction"):
        figures.accuracy_difference(results_of()["curves"], "flops")
