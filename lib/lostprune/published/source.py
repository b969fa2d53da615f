"""What the paper's tables share: their source, the names of networks, and how printed rows become labelled arrays."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .labels import label

PAPER = "Liebenwein et al., Lost in Pruning, MLSys 2021"
SMALLER = {"tiny_imagenet": "imagenet"}  # of a data set of the paper
CORRUPTIONS = 19  # test distributions beside the nominal one: those of CIFAR-10-C (Section 5.1)
# Data set of each network, under the names of lostprune.networks where the network is there.
NETWORKS = {
    "resnet20": "cifar10",
    "resnet56": "cifar10",
    "resnet110": "cifar10",
    "vgg16": "cifar10",
    "densenet22": "cifar10",
    "wrn16_8": "cifar10",
    "resnet18": "imagenet",
    "resnet101": "imagenet",
    "deeplabv3_resnet50": "voc",
}
# Of each data set's networks. Appendix D.6 says three for all; the code runs ImageNet's once and Pascal VOC's twice,
# and the paper prints standard deviations of zero for ImageNet's.
REPETITIONS = {"cifar10": 3, "imagenet": 1, "voc": 2}


def parse(table: str) -> xr.DataArray:
    """Rows ``network pruner numbers…`` in percent -> fractions (network, pruner, column), in the table's order."""
    rows = [line.split() for line in table.split("\n") if line]
    networks, pruners = (list(dict.fromkeys(row[i] for row in rows)) for i in (0, 1))
    values = np.full((len(networks), len(pruners), len(rows[0]) - 2), np.nan)
    for network, pruner, *numbers in rows:
        values[networks.index(network), pruners.index(pruner)] = [float(number) / 100 for number in numbers]
    coordinates = {"network": networks, "pruner": pruners}
    labelled = xr.DataArray(values, coordinates, ("network", "pruner", "column"))
    return with_dataset(labelled)


def with_dataset(labelled: xr.DataArray | xr.Dataset) -> xr.DataArray | xr.Dataset:
    """Add the data set of every network as a coordinate along ``network``."""
    return labelled.assign_coords(dataset=("network", [NETWORKS[name] for name in labelled.network.values.tolist()]))


def covers(network: str, dataset: str, training: str = "nominal") -> bool:
    """Whether the paper has numbers for this: a network of its name may be another one on other data.

    Its numbers on ImageNet stand beside those of networks on a smaller version of it, too; :func:`other_data` says so.
    """
    return training == "nominal" and NETWORKS.get(network) == SMALLER.get(dataset, dataset)


def other_data(network: str, dataset: str) -> str:
    """A sentence for captions where the paper's numbers are for other data than a study's; else nothing."""
    if dataset not in SMALLER or NETWORKS.get(network) != SMALLER[dataset]:
        return ""
    return f" The paper's networks are for {label(SMALLER[dataset])}; {label(dataset)} is a smaller version of it."
