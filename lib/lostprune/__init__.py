"""Lost in Pruning: what pruning costs a network beyond test accuracy (Liebenwein et al., MLSys 2021)."""

__version__ = "0.1.0"

from . import audit, corruptions, data, metrics, networks, pruning
from .runner import load, run
from .study import SCALES, Scale, Study

__all__ = ["SCALES", "Scale", "Study", "audit", "corruptions", "data", "load", "metrics", "networks", "pruning", "run"]
