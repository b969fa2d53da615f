"""The paper's networks, and a registry that takes new ones by name."""

from . import densenet, resnet, vgg, wide_resnet  # noqa: F401  (registers their networks)
from .registry import build, fingerprint, names, register

__all__ = ["build", "fingerprint", "names", "register"]
