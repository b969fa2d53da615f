"""The paper's questions for a reader's own networks and data: is a pruned network as good as its parent?"""

from .compare import compare
from .report import write_report

__all__ = ["compare", "write_report"]
