"""``lostprune bench backselect``: the exact ranking of pixels against the plain loop, and the one by gradients."""

from __future__ import annotations

import torch

from .. import data, networks
from ..backselect import rank_pixels
from ..foundations.device import default_device
from . import report
from .shrink import as_if_trained

DATASET = "cifar10"
PIXELS_PER_STEP = 10  # of the search by gradients


def measure(network: str = "resnet20", images: int = 2, side: int = 12, runs: int = 3) -> dict:
    """Time the exact ranking of the pixels of a square, in turn with the plain loop; and all pixels by gradients.

    The network is freshly initialised, with batch norms as if trained; the images are CIFAR-10's first test images. The
    plain loop (``tests/reference/backselect.py``) evaluates the same candidates, ``network(x)`` in float32.

    Args:
        network: a registered network.
        images: how many.
        side: side of the central square whose pixels are ranked; the others are masked from the start.
        runs: timed pairs, at least 1.

    Returns:
        What was run on what; ``seconds``, ``plain_seconds`` and ``ratio`` (a ``spread`` each); ``agreement``, the
        fraction of pixels that stand at the same place in both rankings; ``candidate_seconds``, of the exact search for
        one candidate; and ``gradient``: ``seconds_per_image`` of the search by gradients over all pixels and ``ratio``,
        the exact search's seconds for all pixels, by its candidates, over that.

    Raises:
        ValueError: an unknown network, or ``LOSTPRUNE_DEVICE`` names a device that is not there.
        BenchError: there is no checkout with the plain loop.
        DataUnavailable: the test images cannot be loaded.
    """
    plain_loop, device = report.reference("backselect"), default_device()
    dataset = data.DATASETS[DATASET]
    torch.manual_seed(0)
    net = as_if_trained(networks.build(network, len(dataset.classes))).to(device).eval()
    inputs = data.normalize(data.load(DATASET, "test").images[:images].to(device), DATASET)
    height, width = inputs.shape[2:]
    among = torch.zeros(images, height, width, dtype=torch.bool)
    top, left = (height - side) // 2, (width - side) // 2
    among[:, top : top + side, left : left + side] = True
    among = among.flatten(1)
    orders: dict[str, torch.Tensor] = {}

    def fast() -> None:
        orders["fast"] = rank_pixels(net, inputs, among=among).cpu()

    def plain() -> None:
        orders["plain"] = plain_loop.rank_pixels(net, inputs, among=among).cpu()

    def gradient() -> None:
        rank_pixels(net, inputs, pixels_per_step=PIXELS_PER_STEP, search="gradient")

    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        timed = report.alternate(fast, plain, device, runs)
    gradient()
    by_gradient = [report.seconds_of(gradient, device) / images for _ in range(runs)]
    candidate = timed["seconds"]["median"] / images / _candidates(side * side)
    whole = candidate * _candidates(height * width)
    return {
        **report.facts("backselect", device),
        "network": network,
        "images": images,
        "pixels": side * side,
        **timed,
        "agreement": float((orders["fast"] == orders["plain"]).double().mean()),
        "candidate_seconds": candidate,
        "gradient": {
            "pixels_per_step": PIXELS_PER_STEP,
            "seconds_per_image": report.spread(by_gradient),
            "ratio": report.spread([whole / seconds for seconds in by_gradient]),
        },
    }


def _candidates(pixels: int) -> int:
    """How many masked images the exact search looks at."""
    return pixels * (pixels + 1) // 2


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    gradient = measured["gradient"]
    return "\n".join(
        [
            f"exact ranking of {measured['pixels']} pixels in each of {measured['images']} images: "
            f"{measured['network']}, float32",
            f"on {measured['device']} ({measured['processor']}, {measured['threads']} threads); torch "
            f"{measured['torch_version']}, lostprune {measured['lostprune_version']}, {measured['date']}",
            f"exact     {report.in_words(measured['seconds'], digits=2)} s; "
            f"{1000 * measured['candidate_seconds']:.3f} ms a candidate",
            f"plain     {report.in_words(measured['plain_seconds'], digits=2)} s",
            f"ratio     {report.in_words(measured['ratio'], digits=2)}, {measured['ratio']['runs']} pairs; "
            f"{measured['agreement']:.2%} of the pixels stand at the same place",
            f"gradient  {report.in_words(gradient['seconds_per_image'], digits=3)} s an image for all pixels, "
            f"{gradient['pixels_per_step']} a step: {report.in_words(gradient['ratio'], digits=0)} times as fast",
        ]
    )
