"""The 19 image corruptions of CIFAR-10-C, batched and seeded: noise, blur, weather, digital."""

from .cifar10c import obtain_published, published_corruption
from .registry import NAMES, corrupt
from .severities import SEVERITIES

__all__ = ["NAMES", "SEVERITIES", "corrupt", "obtain_published", "published_corruption"]
