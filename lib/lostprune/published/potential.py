"""Tables 2, 9, 10, 12 and 13: prune potential, averaged over distributions, after nominal and robust training."""

from __future__ import annotations

import xarray as xr

from ..foundations.choices import check_choice
from .source import NETWORKS, PAPER, REPETITIONS, SMALLER, parse

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
deeplabv3_resnet50  WT     58.9 9.3  11.6 2.7  58.9 9.3   0.0  0.0
deeplabv3_resnet50  SiPP   43.0 6.6  11.5 3.1  43.0 6.6   0.0  0.0
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
deeplabv3_resnet50  FT      0.0 0.0   0.5 0.5   0.0 0.0   0.0  0.0
deeplabv3_resnet50  PFP    20.2 0.1   6.8 2.6  20.2 0.1   0.0  0.0
"""


# After robust training; the columns are those of Table 9.
_TABLE_12 = """
resnet20    WT     87.5 1.9  84.7 0.9  83.5  3.6  72.6  4.9
resnet20    SiPP   84.2 1.7  80.3 1.6  77.4  6.1  65.9  6.1
resnet56    WT     91.8 0.5  91.3 0.4  90.2  1.0  87.8  1.3
resnet56    SiPP   88.7 0.5  87.2 0.1  87.8  1.3  81.0  2.0
resnet110   WT     93.8 0.3  93.2 0.4  92.7  0.0  88.7  0.0
resnet110   SiPP   90.8 0.1  90.2 0.1  89.4  1.0  83.6  1.6
vgg16       WT     97.0 0.0  97.0 0.0  97.0  0.0  96.8  0.3
vgg16       SiPP   96.5 0.1  95.5 0.5  94.6  0.5  88.3  3.9
densenet22  WT     73.4 1.1  72.7 1.9  67.4  0.0  51.8  5.0
densenet22  SiPP   64.7 1.3  64.8 0.6  55.4  5.0  51.8  5.0
wrn16_8     WT     97.0 0.0  97.0 0.0  97.0  0.0  96.8  0.3
wrn16_8     SiPP   97.0 0.0  96.7 0.5  96.8  0.3  94.3  3.8
"""

_TABLE_13 = """
resnet20    FT     44.0 6.3  34.4 6.1  19.3 15.0   7.1 10.0
resnet20    PFP    55.2 6.2  47.7 6.4  39.0 16.1  13.3  9.4
resnet56    FT     77.1 0.4  77.1 0.9  72.2  2.9  67.3  6.1
resnet56    PFP    80.8 0.4  76.3 0.5  78.8  0.2  58.5  7.1
resnet110   FT     82.1 1.8  81.7 0.8  78.7  0.0  74.9  2.7
resnet110   PFP    84.4 2.1  80.0 2.2  81.6  2.1  58.0  7.7
vgg16       FT     48.0 3.3  41.5 5.2   0.0  0.0   0.0  0.0
vgg16       PFP    81.9 1.8  79.8 2.3  62.7 10.5  63.9  3.9
densenet22  FT     20.3 0.7  20.0 5.7  13.2  9.4   6.6  9.4
densenet22  PFP    34.2 8.8  33.1 6.5  17.5 14.2   0.0  0.0
wrn16_8     FT     69.7 4.1  64.8 2.2  54.2 12.9  24.4 17.3
wrn16_8     PFP    80.7 0.7  76.9 2.9  72.1  3.1  57.2 14.9
"""

_OVERPARAMETERIZATION = {
    "nominal": (_TABLE_9 + _TABLE_10, "Tables 9 and 10"),
    "robust": (_TABLE_12 + _TABLE_13, "Tables 12 and 13"),
}


def table_2() -> xr.Dataset:
    """Table 2: the prune potential on nominal data and its average over all corruptions.

    Returns:
        ``potential`` (network, pruner, group, statistic) and the printed ``difference`` (network, pruner), fractions;
        ``group`` is ``"train"`` or ``"test"``, ``statistic`` ``"mean"`` or ``"std"`` over repetitions. NaN stands
        where the table prints no standard deviation.
    """
    values = parse(_TABLE_2)
    potential = _labelled(values.isel(column=slice(4)), ("group", "statistic"), (2, 2))
    dataset = xr.Dataset({"potential": potential, "difference": values.isel(column=4)})
    return dataset.assign_attrs(source=f"{PAPER}, Table 2")


def overparameterization(training: str = "nominal") -> xr.Dataset:
    """Average and minimum prune potential over each group of distributions: Tables 9, 10 and 12, 13.

    Args:
        training: ``"nominal"`` (Tables 9 and 10; the train group is nominal data alone, the test group all corruptions)
            or ``"robust"`` (Tables 12 and 13; the groups are those of Table 11, CIFAR-10's networks only).

    Returns:
        ``average`` and ``minimum`` (network, pruner, group, statistic), fractions, labelled as
        :func:`lostprune.metrics.overparameterization` labels its own, plus ``statistic``: ``"mean"`` or ``"std"``.
        ImageNet's networks were run once; the tables print their standard deviation as 0.

    Raises:
        ValueError: an unknown training.
    """
    check_choice("training", training, _OVERPARAMETERIZATION)
    table, source = _OVERPARAMETERIZATION[training]
    values = _labelled(parse(table), ("measure", "group", "statistic"), (2, 2, 2))
    dataset = xr.Dataset({"average": values.isel(measure=0), "minimum": values.isel(measure=1)})
    return dataset.assign_attrs(source=f"{PAPER}, {source}", tables=source)


def overparameterization_of(network: str, dataset: str, training: str) -> xr.Dataset | None:
    """The rows of :func:`overparameterization` for one network, with the number of its ``repetitions`` as an attribute;
    ``None`` where the paper has no numbers for it.

    A network of its name may be another one on other data; a training may be one that the paper does not know.
    """
    if training not in _OVERPARAMETERIZATION or NETWORKS.get(network) != SMALLER.get(dataset, dataset):
        return None
    printed = overparameterization(training)
    if network not in printed.network:
        return None
    return printed.sel(network=network).assign_attrs(repetitions=REPETITIONS[NETWORKS[network]])


_LABELS = {"group": ["train", "test"], "statistic": ["mean", "std"]}


def _labelled(values: xr.DataArray, dimensions: tuple[str, ...], shape: tuple[int, ...]) -> xr.DataArray:
    """Unfold ``column`` into the ``dimensions`` that the printed columns run through, the last one fastest."""
    unfolded = values.values.reshape(*values.shape[:-1], *shape)
    coordinates = {name: values[name] for name in ("network", "pruner", "dataset")}
    coordinates |= {name: _LABELS[name] for name in dimensions if name in _LABELS}
    return xr.DataArray(unfolded, coordinates, ("network", "pruner", *dimensions))
