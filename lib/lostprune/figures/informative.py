"""Which pixels suffice, for which networks: heat maps (Figures 3 and 12 to 15) and the pixels themselves."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import torch
import xarray as xr
from holoviews import opts

from .. import metrics
from ..published.labels import label, network_label
from .images import example_images
from .style import WIDTH, finish

ALL_PIXELS = "all pixels"
MASKED = 128  # grey, close to the mean pixel that networks see in its place
_MEASURES = {
    "confidence": ("mean confidence toward the true class", "Blues", (0.0, 1.0)),
    "output_distance": ("mean distance from the output on own pixels", "Reds", (0.0, float(np.sqrt(2)))),
}


def informative_pixels(
    part: xr.Dataset, pruner: str, distribution: str, measure: str = "confidence", width: int = WIDTH
) -> hv.Overlay:
    """Figures 3 and 12 to 15: what networks make of the pixels that suffice for others.

    Args:
        part: part ``informative``.
        pruner: a method.
        distribution: the images' distribution.
        measure: ``"confidence"``, or ``"output_distance"`` (Section 4.1).
        width: in pixels.

    A row is the network that chose the pixels, a column the one that is evaluated on them. With ``"confidence"`` the
    lowest row has the whole images. The interval of each mean over images is shown when it is pointed at.
    """
    words = _MEASURES[measure][0]
    one = part.sel(pruner=pruner, distribution=distribution)
    names = network_labels(one)
    found = metrics.mean_over_images(one[measure])
    rows = [(names[name], found.sel(mask_network=name)) for name in names]
    if measure == "confidence":
        rows.append((ALL_PIXELS, metrics.mean_over_images(one.whole_confidence)))
    title = f"{network_label(part.attrs['network'])} pruned with {pruner}, {label(distribution)}: {words}"
    return _heat_map(rows, names, measure, "pixels chosen by", title, part, width)


def by_mask_value(masking: xr.Dataset, pruner: str, width: int = WIDTH) -> hv.Overlay:
    """How confident networks are on the parent's pixels, by what the masked pixels show. Not in the paper.

    Args:
        masking: part ``masking``.
        pruner: a method.
        width: in pixels.

    A row is the value of the masked pixels, for which the parent has chosen its pixels anew; a column the network that
    is evaluated.
    """
    one = masking.sel(pruner=pruner)
    found = metrics.mean_over_images(one.confidence.sel(mask_network="parent"))
    rows = [(fill, found.sel(fill=fill)) for fill in one.fill.values.tolist()]
    title = f"{network_label(masking.attrs['network'])} pruned with {pruner}: confidence on the parent's pixels"
    return _heat_map(rows, network_labels(one), "confidence", "masked pixels show", title, masking, width)


def _heat_map(
    rows: list[tuple[str, xr.Dataset]],
    names: dict[str, str],
    measure: str,
    what: str,
    title: str,
    part: xr.Dataset,
    width: int,
) -> hv.Overlay:
    """Means with their intervals over images: a line for each row, the first at the top, and a column per network."""
    words, colors, limits = _MEASURES[measure]
    rows = rows[::-1]
    columns = list(names.items())
    cells = [
        (x - 0.5, y - 0.5, x + 0.5, y + 0.5, *values, chosen, words_of)
        for y, (chosen, row) in enumerate(rows)
        for x, (name, words_of) in enumerate(columns)
        if np.isfinite(values := [float(row[one].sel(network=name)) for one in ("mean", "lower", "upper")]).all()
    ]
    value = hv.Dimension("mean", label=words, range=limits)
    tooltips = [(what, "@chosen"), ("evaluated on", "@network"), (words, "@mean{0.000}")]
    tooltips.append(("95% interval over images", "@lower{0.000} to @upper{0.000}"))
    # On numeric axes: with names on its axes, HeatMap cannot be overlaid with labels in matplotlib.
    shared = {"color": "mean", "cmap": colors, "clim": limits}
    heat = hv.Rectangles(cells, ["x0", "y0", "x1", "y1"], [value, "lower", "upper", "chosen", "network"])
    figure = heat.opts(
        opts.Rectangles(tools=["hover"], hover_tooltips=tooltips, line_color="white", backend="bokeh", **shared),
        opts.Rectangles(edgecolor="white", backend="matplotlib", **shared),
    )
    middle = 0.6 * limits[1]  # on darker cells black could not be read
    for ink, dark in (("black", False), ("white", True)):
        texts = [(cell[0] + 0.5, cell[1] + 0.5, f"{cell[4]:.2f}") for cell in cells if (cell[4] > middle) is dark]
        figure = figure * hv.Labels(texts, ["x0", "y0"], "text").opts(
            opts.Labels(text_font_size="11px", text_color=ink, backend="bokeh"),
            opts.Labels(size=8, color=ink, backend="matplotlib"),
        )
    options = {
        "height": 110 + 40 * len(rows),
        "width": width,
        "show_legend": False,
        "xlabel": "evaluated on",
        "ylabel": what,
        "xticks": list(enumerate(names.values())),
        "yticks": [(y, chosen) for y, (chosen, _) in enumerate(rows)],
        "xlim": (-0.5, len(names) - 0.5),
        "ylim": (-0.5, len(rows) - 0.5),
    }
    return finish(figure, title, part, **options)


def kept_pixels(images: torch.Tensor, part: xr.Dataset, pruner: str, distribution: str) -> hv.Overlay:
    """The first test images, and of each the pixels that every network kept of them; all others are grey.

    Args:
        images: uint8 [n, 3, h, w], those of the distribution, as many as the part has examples of or fewer.
        part, pruner, distribution: as for :func:`informative_pixels`. Of several repetitions the first is shown.

    Raises:
        ValueError: more images than the part has examples of.
    """
    one = part.sel(pruner=pruner, distribution=distribution).isel(repetition=[0])
    if len(images) > one.sizes["example"]:
        raise ValueError(
            f"images: got {len(images)}, expected at most {one.sizes['example']}, the examples that there are"
        )
    shown = {"image": images}
    for name, words in network_labels(one).items():
        mask = torch.from_numpy(one.kept.sel(mask_network=name).values[0, : len(images)])
        mask = mask.reshape(len(images), 1, *images.shape[2:])
        shown[words] = torch.where(mask, images.cpu(), torch.tensor(MASKED, dtype=torch.uint8))
    title = (
        f"{network_label(part.attrs['network'])} pruned with {pruner}, {label(distribution)}: the pixels that are kept"
    )
    return example_images(shown, title, columns=len(shown))


def network_labels(one: xr.Dataset) -> dict[str, str]:
    """What a reader sees for the networks of one method that were reached: their prune ratios.

    Args:
        one: part ``informative`` of one method.
    """
    ratios = one.prune_ratio.mean("repetition")
    words = {"parent": "parent", "separate": "separate"}
    return {
        name: words.get(name, f"{100 * float(ratios.sel(network=name)):.0f}% pruned")
        for name in one.network.values.tolist()
        if np.isfinite(ratios.sel(network=name))
    }
