"""The paper's own numbers as labelled data: fractions, with the table that they stand in."""

from __future__ import annotations

import numpy as np
import xarray as xr

PAPER = "Liebenwein et al., Lost in Pruning, MLSys 2021"
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
    "deeplabv3": "voc",
}

# In percent, as printed: mean and standard deviation on the train distribution, the same on the test distribution,
# and the difference that the table prints. ResNet18 was run once: no standard deviation is printed.
_TABLE_2 = """
resnet20  WT   84.9 0.0  66.7 3.3  -18.2
resnet20  FT   65.0 6.7  55.3 4.8   -9.7
vgg16     WT   98.0 0.0  80.9 2.2  -17.1
vgg16     FT   85.4 2.4  66.3 0.5  -19.1
wrn16_8   WT   98.0 0.0  95.7 0.7   -2.3
wrn16_8   FT   86.2 1.3  75.7 4.1  -10.5
resnet18  WT   85.8 nan  63.6 nan  -22.2
resnet18  FT   13.7 nan  13.5 nan   -0.2
"""

# In percent, as printed: mean and standard deviation of the average on the train distribution, of the average on the
# test distribution, of the minimum on the train distribution, of the minimum on the test distribution.
_TABLE_9 = """
resnet20    WT     84.9 0.0  66.7 3.3  84.9 0.0   0.0  0.0
resnet20    SiPP   86.4 2.2  70.4 4.3  86.4 2.2   0.0  0.0
resnet56    WT     94.6 0.0  82.3 4.2  94.6 0.0   4.6  6.5
resnet56    SiPP   94.5 0.9  78.5 1.0  94.5 0.9   0.0  0.0
resnet110   WT     96.3 0.6  77.9 1.4  96.3 0.6   0.0  0.0
resnet110   SiPP   96.5 0.7  78.8 2.8  96.5 0.7   0.0  0.0
vgg16       WT     98.0 0.0  80.9 2.2  98.0 0.0   0.0  0.0
vgg16       SiPP   98.0 0.0  80.7 1.9  98.0 0.0   0.0  0.0
densenet22  WT     79.8 1.9  76.0 6.7  79.8 1.9  24.9 35.2
densenet22  SiPP   79.8 1.9  74.1 9.1  79.8 1.9  21.5 30.4
wrn16_8     WT     98.0 0.0  95.7 0.7  98.0 0.0  90.0  2.1
wrn16_8     SiPP   95.3 0.0  94.1 0.8  95.3 0.0  78.1 15.1
resnet18    WT     85.8 0.0  63.6 0.0  85.8 0.0   0.0  0.0
resnet18    SiPP   81.6 0.0  57.8 0.0  81.6 0.0   0.0  0.0
resnet101   WT     81.6 0.0  76.8 0.0  81.6 0.0   0.0  0.0
resnet101   SiPP   81.6 0.0  70.7 0.0  81.6 0.0   0.0  0.0
deeplabv3   WT     58.9 9.3  11.6 2.7  58.9 9.3   0.0  0.0
deeplabv3   SiPP   43.0 6.6  11.5 3.1  43.0 6.6   0.0  0.0
"""

_TABLE_10 = """
resnet20    FT     65.0 6.7  55.3 4.8  65.0 6.7   0.0  0.0
resnet20    PFP    66.5 3.0  53.9 4.4  66.5 3.0   0.0  0.0
resnet56    FT     86.6 1.2  64.8 3.7  86.6 1.2   0.0  0.0
resnet56    PFP    88.1 0.0  64.9 4.0  88.1 0.0   0.0  0.0
resnet110   FT     88.1 3.5  68.5 3.2  88.1 3.5   0.0  0.0
resnet110   PFP    92.2 1.8  71.6 1.8  92.2 1.8   0.0  0.0
vgg16       FT     85.4 2.4  66.3 0.5  85.4 2.4   0.0  0.0
vgg16       PFP    95.0 0.5  77.9 2.1  95.0 0.5   0.0  0.0
densenet22  FT     47.4 2.2  58.2 5.3  47.4 2.2   9.6 13.6
densenet22  PFP    51.8 5.3  59.6 6.0  51.8 5.3  12.6 17.8
wrn16_8     FT     86.2 1.3  75.7 4.1  86.2 1.3  36.6 28.6
wrn16_8     PFP    86.9 1.9  86.6 1.0  86.9 1.9  66.7  1.7
resnet18    FT     13.7 0.0  13.5 0.0  13.7 0.0   0.0  0.0
resnet18    PFP    30.4 0.0  22.5 0.0  30.4 0.0   0.0  0.0
resnet101   FT     53.1 0.0  33.5 0.0  53.1 0.0   0.0  0.0
resnet101   PFP    50.3 0.0  43.0 0.0  50.3 0.0   0.0  0.0
deeplabv3   FT      0.0 0.0   0.5 0.5   0.0 0.0   0.0  0.0
deeplabv3   PFP    20.2 0.1   6.8 2.6  20.2 0.1   0.0  0.0
"""


def table_2() -> xr.Dataset:
    """Table 2: the prune potential on nominal data and its average over all corruptions.

    Returns:
        ``potential`` (network, pruner, group, statistic) and the printed ``difference`` (network, pruner), fractions;
        ``group`` is ``"train"`` or ``"test"``, ``statistic`` ``"mean"`` or ``"std"`` over repetitions. NaN stands
        where the table prints no standard deviation.
    """
    values = _parse(_TABLE_2)
    potential = _labelled(values.isel(column=slice(4)), ("group", "statistic"), (2, 2))
    dataset = xr.Dataset({"potential": potential, "difference": values.isel(column=4)})
    return dataset.assign_attrs(source=f"{PAPER}, Table 2")


def overparameterization() -> xr.Dataset:
    """Tables 9 and 10: average and minimum prune potential over each group of distributions, after nominal training.

    Returns:
        ``average`` and ``minimum`` (network, pruner, group, statistic), fractions, labelled as
        :func:`lostprune.metrics.overparameterization` labels its own, plus ``statistic``: ``"mean"`` or ``"std"``.
        ImageNet's networks were run once; the tables print their standard deviation as 0.
    """
    values = _labelled(_parse(_TABLE_9 + _TABLE_10), ("measure", "group", "statistic"), (2, 2, 2))
    dataset = xr.Dataset({"average": values.isel(measure=0), "minimum": values.isel(measure=1)})
    return dataset.assign_attrs(source=f"{PAPER}, Tables 9 and 10")


def _parse(table: str) -> xr.DataArray:
    """Rows ``network pruner numbers…`` in percent -> fractions (network, pruner, column), in the table's order."""
    rows = [line.split() for line in table.split("\n") if line]
    networks, pruners = (list(dict.fromkeys(row[i] for row in rows)) for i in (0, 1))
    values = np.full((len(networks), len(pruners), len(rows[0]) - 2), np.nan)
    for network, pruner, *numbers in rows:
        values[networks.index(network), pruners.index(pruner)] = [float(number) / 100 for number in numbers]
    coordinates = {"network": networks, "pruner": pruners}
    labelled = xr.DataArray(values, coordinates, ("network", "pruner", "column"))
    return labelled.assign_coords(dataset=("network", [NETWORKS[network] for network in networks]))


_LABELS = {"group": ["train", "test"], "statistic": ["mean", "std"]}


def _labelled(values: xr.DataArray, dimensions: tuple[str, ...], shape: tuple[int, ...]) -> xr.DataArray:
    """Unfold ``column`` into the ``dimensions`` that the printed columns run through, the last one fastest."""
    unfolded = values.values.reshape(*values.shape[:-1], *shape)
    coordinates = {name: values[name] for name in ("network", "pruner", "dataset")}
    coordinates |= {name: _LABELS[name] for name in dimensions if name in _LABELS}
    return xr.DataArray(unfolded, coordinates, ("network", "pruner", *dimensions))
