"""All tables and figures of the paper: what each shows, and of which networks."""

from __future__ import annotations

from dataclasses import dataclass

from .source import NETWORKS

CIFAR10 = tuple(network for network, dataset in NETWORKS.items() if dataset == "cifar10")
IMAGENET = ("resnet18", "resnet101")
VOC = ("deeplabv3_resnet50",)
WEIGHTS, FILTERS = ("WT", "SiPP"), ("FT", "PFP")
ALL, PLAIN, INFORMED = WEIGHTS + FILTERS, ("WT", "FT"), ("SiPP", "PFP")  # informed by data


@dataclass(frozen=True)
class Exhibit:
    """A table or figure of the paper.

    Attributes:
        name: such as ``"Table 2"``.
        shows: in a few words.
        networks: the networks in it; empty if it shows no results.
        methods: the pruning methods in it, as far as the paper's text or captions name them.
        training: ``"nominal"`` or ``"robust"``.
    """

    name: str
    shows: str
    networks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    training: str = "nominal"


def tables() -> tuple[Exhibit, ...]:
    """The 13 tables, in the paper's order."""
    potential = "average and minimum prune potential of"
    rows = (
        ("pruning methods",),
        ("prune potential on nominal and shifted data", ("resnet20", "vgg16", "wrn16_8", "resnet18"), PLAIN),
        ("recipes on CIFAR-10", CIFAR10),
        ("pruning at commensurate accuracy on CIFAR-10", CIFAR10, ALL),
        ("recipes on ImageNet", IMAGENET),
        ("pruning at commensurate accuracy on ImageNet", IMAGENET, ALL),
        ("recipe on Pascal VOC", VOC),
        ("pruning at commensurate accuracy on Pascal VOC", VOC, ALL),
        (f"{potential} WT and SiPP", CIFAR10 + IMAGENET + VOC, WEIGHTS),
        (f"{potential} FT and PFP", CIFAR10 + IMAGENET + VOC, FILTERS),
        ("corruptions of the train and of the test distribution", (), (), "robust"),
        (f"{potential} WT and SiPP after robust training", CIFAR10, WEIGHTS, "robust"),
        (f"{potential} FT and PFP after robust training", CIFAR10, FILTERS, "robust"),
    )
    return _numbered("Table", rows)


def figures() -> tuple[Exhibit, ...]:
    """The 60 figures, in the paper's order."""
    resnet20, vgg16 = ("resnet20",), ("vgg16",)
    similar = "functional similarity under noise"
    potential, excess = "prune potential of each distribution", "difference in excess error"
    robust = "after robust training"
    rows = (
        ("prune potential over the noise level", resnet20),
        ("test accuracy over prune ratio", resnet20, ALL),
        ("confidence on informative pixels, WT", resnet20, ("WT",)),
        (f"{similar}, WT", resnet20, ("WT",)),
        ("example images with noise", resnet20),
        ("accuracy, prune potential and excess error under corruptions", resnet20, PLAIN),
        ("prune potential of each distribution, ImageNet", ("resnet18",)),
        (f"accuracy, prune potential and excess error {robust}", resnet20, (), "robust"),
        ("change of test accuracy over prune ratio, CIFAR-10", CIFAR10, ALL),
        ("test accuracy over prune ratio, ImageNet", IMAGENET, ALL),
        ("test accuracy over prune ratio, Pascal VOC", VOC, ALL),
        ("confidence on informative pixels", resnet20, ALL),
        ("confidence on informative pixels", vgg16, ALL),
        ("confidence on informative pixels of corrupted images", resnet20, PLAIN),
        ("confidence on informative pixels of corrupted images", vgg16, PLAIN),
        *((f"{similar}, WT and FT", (network,), PLAIN) for network in CIFAR10),
        *((f"{similar}, SiPP and PFP", (network,), INFORMED) for network in CIFAR10),
        ("prune potential over the noise level, all networks", CIFAR10, ALL),
        *((potential, (network,), ALL) for network in CIFAR10 + IMAGENET + VOC),
        ("prune potential for margins δ from 0% to 5%", resnet20, PLAIN),
        *((excess, (network,), ALL) for network in CIFAR10 + IMAGENET + VOC),
        (f"change of test accuracy over prune ratio {robust}", CIFAR10, ALL, "robust"),
        *((f"{potential} {robust}", (network,), ALL, "robust") for network in CIFAR10),
        *((f"{excess} {robust}", (network,), ALL, "robust") for network in CIFAR10),
    )
    return _numbered("Figure", rows)


def _numbered(kind: str, rows: tuple[tuple, ...]) -> tuple[Exhibit, ...]:
    return tuple(Exhibit(f"{kind} {number}", *row) for number, row in enumerate(rows, start=1))
