"""What the comparison of informative pixels owes to how pixels are masked, and to the search. Not in the paper."""

from __future__ import annotations

import xarray as xr

from .. import metrics
from .distance import FEW_IMAGES, pruned_networks
from .words import above, by_answer, count, listing

_SHOWN = {"mean": "the mean", "black": "black", "blurred": "the blurred image"}


def mask_values(part: xr.Dataset) -> str:
    """Whether another value in the masked pixels changes who understands the parent's pixels.

    Args:
        part: part ``masking``.

    Of each method it is the mean over its pruned networks but the smallest. The order holds for a value of the masked
    pixels where these are more confident on the parent's pixels than the separate network, beyond what the images leave
    to chance.
    """
    on_parents = part.confidence.sel(mask_network="parent")
    found, few = metrics.mean_over_images(on_parents)["mean"], on_parents.sizes["image"] < FEW_IMAGES
    parent, separate = (found.isel(pruner=0).sel(network=name) for name in ("parent", "separate"))
    fills = part.fill.values.tolist()

    def each(values: xr.DataArray) -> str:
        return listing([f"{float(values.sel(fill=fill)):.0%} ({fill})" for fill in fills])

    lines = [f"- **parent**, on its own pixels: {each(parent)}."]
    if not (has_separate := bool(separate.notnull().all())):
        lines.append("- No separate network was measured.")
    else:
        lines.append(f"- **separate network**: {each(separate)}.")
    more = {fill: {} for fill in fills}
    for method in part.pruner.values.tolist():
        names = _all_but_smallest(part, method)
        if not names:
            lines.append(f"- **{method}**: no pruned network.")
            continue
        mine = found.sel(pruner=method, network=names).mean("network")
        lines.append(f"- **{method}**, mean of {count(len(names), 'pruned network')}: {each(mine)}.")
        for fill in fills if has_separate else ():
            both = on_parents.sel(pruner=method, fill=fill)  # of the repetitions that reached these networks
            change = both.sel(network=names).mean("network", skipna=False) - both.sel(network="separate")
            low, high = metrics.interval(metrics.resampled_means(change)).values
            more[fill][method] = None if few else above(low, high)
    if has_separate:
        lines.append(
            "\n*The pruned networks are more confident on the parent's pixels than the separate network.* Does that "
            "hold?\n"
        )
        lines += [f"- with {_SHOWN[fill]} in the masked pixels: {by_answer(one)}." for fill, one in more.items() if one]
    return "\n".join(lines)


def searches(part: xr.Dataset) -> str:
    """How far the pixels of the gradient search lie from those of the exact search, in the parent's confidence.

    Args:
        part: part ``masking``.
    """
    one = part.search_confidence.isel(pruner=0)
    by_gradient, exact = (one.sel(search=search).values.ravel() for search in ("gradient", "exact"))
    images = count(one.sizes["example"], "image")
    where = f" in each of {one.sizes['repetition']} repetitions" if one.sizes["repetition"] > 1 else ""
    return (
        f"Both searches ran for the parent on {images}{where}. On the tenth of the pixels that it keeps, "
        f"its confidence in the class that it predicts is {exact.mean():.0%} with the exact search and "
        f"{by_gradient.mean():.0%} with the gradient search: the faster search costs "
        f"{100 * (exact - by_gradient).mean():.1f} points on average, {100 * (exact - by_gradient).max():.1f} at most."
    )


def _all_but_smallest(part: xr.Dataset, method: str) -> list[str]:
    """The pruned networks of a method that were reached, without the smallest if there are several."""
    names = list(pruned_networks(part, method))
    return names[:-1] or names
