"""How close pruned networks stay to their parents: under noise (Figures 4 and 16 to 27), and in their errors."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews import opts

from ..metrics.repetitions import over_repetitions
from ..published.labels import label, network_label
from .curves import RATIO, RATIO_LIMITS
from .potential import NOISE
from .style import PARENT, WIDTH, color_of, finish, line, marker_of, shade

PRUNE_RATIOS = (0.15, 0.46, 0.69, 0.80, 0.95)  # of the networks in Figure 4
LIGHTEST = 0.65  # tone of the network that was pruned the least
MEASURES = {
    "matching_predictions": hv.Dimension("matching", label="matching predictions (%)", range=(0, 100)),
    "softmax_distance": hv.Dimension("distance", label="distance of the softmax outputs"),
}
_SEPARATE = ("star", "*")
LOST, WON = "#D55E00", "#0072B2"


def noise_similarity(noise: xr.Dataset, curves: xr.Dataset, pruner: str, measure: str) -> hv.Overlay:
    """Figures 4 and 16 to 27: how close pruned networks are to their parent on the same noisy images.

    Args:
        noise, curves: parts of one study.
        pruner: a method. Five of its networks are shown, at most: the darker, the more is pruned.
        measure: ``"matching_predictions"`` or ``"softmax_distance"``.

    The dashed curve is the separate network of each repetition. Mean and standard deviation over repetitions.
    """
    dimension, figure = MEASURES[measure], hv.Overlay([])
    scale = 1.0 if measure == "matching_predictions" else 0.01  # the other one is no share of anything
    levels = noise.noise_level.values.tolist()

    def rows(values: xr.DataArray) -> list[tuple[float, float, float]]:
        mean, deviation = over_repetitions(values.transpose("repetition", "noise_level"))
        return list(zip(levels, (scale * mean).tolist(), (scale * deviation).tolist(), strict=True))

    cycles = nearest_cycles(curves.prune_ratio.sel(pruner=pruner))
    for place, (cycle, ratio) in enumerate(cycles.items()):
        color = shade(color_of(pruner), LIGHTEST * (1 - (place + 1) / len(cycles)))
        values = noise[measure].sel(pruner=pruner, cycle=cycle)
        figure = figure * line(NOISE, dimension, rows(values), f"{100 * ratio:.0f}% pruned", color, marker_of(pruner))
    if f"separate_{measure}" in noise:
        values = noise[f"separate_{measure}"]
        curve = line(NOISE, dimension, rows(values), "separate network", PARENT, _SEPARATE)
        figure = figure * curve.opts(
            opts.Curve(line_dash="dashed", backend="bokeh"), opts.Curve(linestyle="dashed", backend="matplotlib")
        )
    title = f"{network_label(noise.attrs['network'])} pruned with {pruner}: {dimension.label}"
    limits = {"ylim": (-3, 103)} if scale == 1.0 else {}
    return finish(figure, title, noise, padding=0.05, **limits)


def signed_flips(
    flips: xr.Dataset, curves: xr.Dataset, shift: xr.Dataset, pruner: str, distribution: str
) -> hv.Overlay:
    """The predictions that pruning turned, over prune ratio: from right to wrong, and back. Not in the paper.

    Args:
        flips: the result of :func:`lostprune.metrics.flips` for all classes together.
        curves, shift: parts of the study that they come from.
        pruner: a method.
        distribution: the images' distribution.

    Where the two curves are as high as each other the error is the parent's, however different the predictions are.
    """
    one, ratios = flips.sel(pruner=pruner, distribution=distribution), curves.prune_ratio.sel(pruner=pruner)
    ratio, _ = over_repetitions(ratios.transpose("repetition", "cycle"))
    share, figure = hv.Dimension("flips", label="share of the test images (%)"), hv.Overlay([])
    for name, words, color, marker in (
        ("lost", "right turned into wrong", LOST, ("inverted_triangle", "v")),
        ("won", "wrong turned into right", WON, ("triangle", "^")),
    ):
        shares = (one[name] / one.images).where(ratios.notnull())
        mean, deviation = over_repetitions(shares.transpose("repetition", "cycle"))
        reached = np.isfinite(ratio)
        rows = list(zip(ratio[reached].tolist(), mean[reached].tolist(), deviation[reached].tolist(), strict=True))
        figure = figure * line(RATIO, share, rows, words, color, marker)
    title = f"{network_label(shift.attrs['network'])} pruned with {pruner}, {label(distribution)}: changed predictions"
    return finish(figure, title, shift, xlim=RATIO_LIMITS, width=WIDTH)


def nearest_cycles(prune_ratio: xr.DataArray) -> dict[int, float]:
    """The distinct cycles whose mean prune ratios are nearest to :data:`PRUNE_RATIOS`, with these ratios, ascending.

    Args:
        prune_ratio: prune ratios of one method (repetition, cycle).
    """
    pruned = prune_ratio.mean("repetition").dropna("cycle").drop_sel(cycle=0)
    if not pruned.size:
        return {}
    places = sorted({int(abs(pruned - wanted).argmin("cycle")) for wanted in PRUNE_RATIOS})
    return {int(pruned.cycle[place]): float(pruned[place]) for place in places}
