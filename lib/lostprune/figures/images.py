"""Real test images, noisy or corrupted, in a labelled grid (Figure 5)."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import torch
from holoviews import opts

from ..data import DATASETS
from .style import WIDTH

GAP = 2  # pixels between images
HEADING = 9  # pixels above each column, for its name
MAGNIFIED = 3  # at most: a few images should not fill the page


def displayable(inputs: torch.Tensor, dataset: str) -> torch.Tensor:
    """Network inputs float32 [n, 3, h, w] as pixels uint8; what lies outside of [0, 255] is clipped, here only."""
    facts = DATASETS[dataset]
    mean, std = (torch.tensor(values)[:, None, None] for values in (facts.mean, facts.std))
    return ((inputs.cpu() * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def example_images(images: dict[str, torch.Tensor], title: str, columns: int = 7) -> hv.Overlay:
    """Figure 5: the same test images in several versions, each version one column under its name.

    Args:
        images: uint8 [n, 3, h, w] by name of the version; all of one shape.
        title: title of the figure.
        columns: versions beside each other; further ones go below.

    Raises:
        ValueError: no images, or of different shapes.
    """
    shapes = {tuple(versions.shape) for versions in images.values()}
    if len(shapes) != 1:
        raise ValueError(f"images: got shapes {sorted(shapes)}, expected at least one version and all of one shape")
    count, _, height, width = shapes.pop()
    columns = min(columns, len(images))
    bands = -(-len(images) // columns)
    band_height = HEADING + count * (height + GAP)
    canvas = np.full((bands * band_height, columns * (width + GAP), 3), 255, dtype=np.uint8)
    headings = []
    for place, (name, versions) in enumerate(images.items()):
        band, column = divmod(place, columns)
        top, left = band * band_height + HEADING, column * (width + GAP)
        for image in versions:
            canvas[top : top + height, left : left + width] = image.permute(1, 2, 0).cpu().numpy()
            top += height + GAP
        headings.append((left + width / 2, len(canvas) - band * band_height - HEADING / 2, name))
    picture = hv.RGB(canvas, bounds=(0, 0, canvas.shape[1], canvas.shape[0]))
    names = hv.Labels(headings, picture.kdims, "name")
    shown = min(WIDTH - 20, MAGNIFIED * canvas.shape[1])
    shown_height = round(shown * canvas.shape[0] / canvas.shape[1])
    frame = {"xaxis": None, "yaxis": None, "title": title, "show_frame": False}
    return (picture * names).opts(
        opts.Labels(text_font_size="10px", text_color="black", backend="bokeh"),
        opts.Labels(size=5.8, color="black", backend="matplotlib"),
        opts.RGB(interpolation="nearest", backend="matplotlib"),
        opts.Overlay(
            frame_width=shown,
            frame_height=shown_height,
            toolbar=None,
            active_tools=[],
            fontsize={"title": "14px"},
            backend="bokeh",
            **frame,
        ),
        opts.Overlay(fig_inches=(shown / 100, shown_height / 100), aspect="equal", backend="matplotlib", **frame),
    )
