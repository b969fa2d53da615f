"""Heat maps and kept pixels: the cells are the means, the pixels those that were kept."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
import torch

from fixtures.informative import informative_of
from lostprune import figures, metrics


def cells(figure: hv.Overlay) -> dict[tuple[str, str], float]:
    (heat,) = figure.traverse(lambda one: one, [hv.Rectangles])
    columns = [heat.dimension_values(name) for name in ("chosen", "network", "mean")]
    return {(by, on): mean for by, on, mean in zip(*columns, strict=True) if np.isfinite(mean)}


def test_rows_chose_the_pixels_and_columns_are_evaluated_on_them():
    part = informative_of()
    found = cells(figures.informative_pixels(part, "FT", "cifar10"))
    mean = metrics.mean_over_images(part.confidence)["mean"].sel(pruner="FT", distribution="cifar10")
    assert found["parent", "46% pruned"] == pytest.approx(float(mean.sel(mask_network="parent", network="cycle 3")))
    assert found["46% pruned", "separate"] == pytest.approx(float(mean.sel(mask_network="cycle 3", network="separate")))
    assert found["all pixels", "98% pruned"] == pytest.approx(0.5)
    assert len(found) == 5 * 5 + 5


def test_networks_that_were_not_reached_have_no_cell():
    part = informative_of(unreached=True)
    assert not any("98% pruned" in pair for pair in cells(figures.informative_pixels(part, "FT", "cifar10")))
    assert any("98% pruned" in pair for pair in cells(figures.informative_pixels(part, "WT", "cifar10")))


def test_distances_are_zero_on_own_pixels():
    found = cells(figures.informative_pixels(informative_of(), "WT", "corrupted", "output_distance"))
    assert all(value == 0 for (by, on), value in found.items() if by == on) and len(found) == 25


@pytest.mark.parametrize("backend", ["bokeh", "matplotlib"])
def test_a_heat_map_renders_and_says_where_its_numbers_are_from(backend: str):
    plot = hv.renderer(backend).get_plot(figures.informative_pixels(informative_of(), "WT", "cifar10"))
    if backend == "bokeh":
        said = [model.text for model in plot.state.below if hasattr(model, "text")]
    else:
        said = [text.get_text() for text in plot.handles["axis"].texts]
    assert any(text.startswith("scale quick · CPU") for text in said)


def test_kept_pixels_are_shown_and_the_others_grey():
    part, images = informative_of(), torch.full((2, 3, 32, 32), 255, dtype=torch.uint8)
    figure = figures.kept_pixels(images, part, "WT", "cifar10")
    (picture,) = figure.traverse(lambda one: one, [hv.RGB])
    canvas = np.stack([picture.dimension_values(i, flat=False) for i in (2, 3, 4)], -1)
    grey = (canvas == 128).all(-1).sum()
    assert grey == 5 * 2 * (1024 - 102)
    hv.renderer("bokeh").get_plot(figure)


def test_more_images_than_examples_are_refused():
    images = torch.zeros(5, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(ValueError, match="got 5, expected at most 4"):
        figures.kept_pixels(images, informative_of(), "WT", "cifar10")
