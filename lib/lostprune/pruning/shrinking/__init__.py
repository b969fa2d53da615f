"""Networks that are really smaller: pruned filters and channels removed, outputs as before."""

from .saved import load_shrunk, save_shrunk
from .shrink import shrink
from .structure import UnsupportedOperation

__all__ = ["UnsupportedOperation", "load_shrunk", "save_shrunk", "shrink"]
