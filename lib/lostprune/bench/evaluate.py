"""``lostprune bench evaluate``: images per second of the engine against the plain loop."""

from __future__ import annotations

import torch
from torch import nn

from .. import data, networks
from ..foundations.device import default_device
from ..measurement import inference
from ..networks import batch_norms
from . import floors, report

DATASET = "cifar10"


def measure(network: str = "resnet20", images: int | None = None, together: int = 4, runs: int = 3) -> dict:
    """Seconds in which several networks are evaluated on the same images: by the engine, and one by one, plainly.

    The networks are freshly initialised and the images random: neither changes the time. The plain loop is that of
    ``tests/reference/evaluation.py``; as usual it reads and transforms every image again for every network. What is
    timed of the engine starts at uint8 images in memory, as that of the plain loop, and ends with the outcomes there.

    Args:
        network: a registered network.
        images: how many; ``None``: 1,000 on a CPU, 10,000 on CUDA.
        together: how many networks.
        runs: timed pairs, at least 1.

    Returns:
        What was run on what; ``seconds``, ``plain_seconds`` and ``ratio`` (a ``spread`` each; ratio: plain over engine
        in seconds, which is engine over plain in images per second); ``images_per_second`` and
        ``plain_images_per_second`` and ``seconds_per_10000`` of one network, by the medians; ``agreement``, the
        fraction of predictions that are right or wrong in both; and ``floors``.

    Raises:
        ValueError: an unknown network, or ``LOSTPRUNE_DEVICE`` names a device that is not there.
        BenchError: there is no checkout with the plain loop.
    """
    plain_loop, device = report.reference("evaluation"), default_device()
    dataset = data.DATASETS[DATASET]
    images = images or (10_000 if device.type == "cuda" else 1_000)
    torch.manual_seed(0)
    nets = [networks.build(network, len(dataset.classes)).to(device).eval() for _ in range(together)]
    pixels = torch.randint(256, (images, *dataset.image_shape), dtype=torch.uint8)
    labels = torch.randint(len(dataset.classes), (images,))
    pairs = batch_norms.foldable(nets[0])
    folded = [batch_norms.fold(net, pairs) for net in nets]

    def fast() -> torch.Tensor:
        return _wrong(folded, pixels.to(device), labels.to(device))

    def plain() -> torch.Tensor:
        return plain_loop.wrong(nets, pixels, labels, device)

    timed = report.alternate(fast, plain, device, runs)
    shown = images * together
    per_second = shown / timed["seconds"]["median"]
    return {
        **report.facts("evaluate", device),
        "network": network,
        "images": images,
        "networks": together,
        **timed,
        "images_per_second": per_second,
        "plain_images_per_second": shown / timed["plain_seconds"]["median"],
        "seconds_per_10000": 10_000 / per_second,
        "agreement": float((fast() == plain()).double().mean()),
        "floors": floors.of("evaluation", nets[0], dataset.image_shape, False, per_second),
    }


def _wrong(nets: list[nn.Module], images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    inputs = data.normalize(images, DATASET)
    return torch.stack([logits.argmax(-1) != labels for logits in inference.each(nets, inputs)]).cpu()


def in_words(measured: dict) -> str:
    """The same as lines for a reader."""
    return "\n".join(
        [
            f"evaluation of {measured['networks']} networks on {measured['images']:,} images: {measured['network']}, "
            "freshly initialised, float32",
            f"on {measured['device']}; torch {measured['torch_version']}, lostprune {measured['lostprune_version']}, "
            f"{measured['date']}",
            f"engine  {measured['images_per_second']:,.0f} images/s; {measured['seconds_per_10000']:.2f} s for 10,000 "
            f"images and one network; median (range) {report.in_words(measured['seconds'], digits=2)} s",
            f"plain   {measured['plain_images_per_second']:,.0f} images/s; "
            f"{report.in_words(measured['plain_seconds'], digits=2)} s",
            f"ratio   {report.in_words(measured['ratio'], digits=2)}, {measured['ratio']['runs']} pairs; "
            f"{measured['agreement']:.2%} of the outcomes agree",
            floors.in_words(measured["floors"]),
        ]
    )
