"""Lost in Pruning: what pruning costs a network beyond test accuracy (Liebenwein et al., MLSys 2021)."""

from .foundations import lazy, threads

__version__ = "0.1.0"

threads.set_policy()  # before anything loads torch

_SOURCES = {"load": "runner", "run": "runner", "SCALES": "study", "Scale": "study", "Study": "study"}
_ROOMS = ("audit", "backselect", "corruptions", "data", "metrics", "networks", "pruning", "tasks")
_SOURCES |= {room: room for room in _ROOMS}
__all__ = sorted(_SOURCES)
__getattr__, __dir__ = lazy.attach(__name__, _SOURCES)
