"""The paper's questions for a reader's own networks and data: is a pruned network as good as its parent?"""

from .compare import compare

__all__ = ["compare"]
