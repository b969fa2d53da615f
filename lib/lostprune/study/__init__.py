"""What is run: studies and their scales."""

from .scales import SCALES, Scale
from .study import Study

__all__ = ["SCALES", "Scale", "Study"]
