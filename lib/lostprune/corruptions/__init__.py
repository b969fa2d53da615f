"""The 19 image corruptions of CIFAR-10-C, batched and seeded: noise, blur, weather, digital."""

from ..data.cifar10c import SEVERITIES
from .registry import NAMES, corrupt

__all__ = ["NAMES", "SEVERITIES", "corrupt"]
