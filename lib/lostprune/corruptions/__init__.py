"""The 19 image corruptions of CIFAR-10-C, batched and seeded: noise, blur, weather, digital."""

from .registry import NAMES, SEVERITIES, corrupt

__all__ = ["NAMES", "SEVERITIES", "corrupt"]
