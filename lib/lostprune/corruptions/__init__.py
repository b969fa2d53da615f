"""The 19 image corruptions of CIFAR-10-C, batched and seeded: noise, blur, weather, digital."""

from .channels import corrupt_any
from .cifar10c import obtain_published, published_corruption
from .imagenet_c import published_imagenet_c
from .mixed import corrupt_mixed
from .randomness import draw_seeds
from .registry import CATEGORIES, NAMES, corrupt
from .severities import SEVERITIES

__all__ = [
    "CATEGORIES",
    "NAMES",
    "SEVERITIES",
    "corrupt",
    "corrupt_any",
    "corrupt_mixed",
    "draw_seeds",
    "obtain_published",
    "published_corruption",
    "published_imagenet_c",
]
