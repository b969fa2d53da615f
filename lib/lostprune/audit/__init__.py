"""The paper's questions for a reader's own networks and data: is a pruned network as good as its parent?"""

from ..foundations import lazy

_SOURCES = {"RETRAIN": "studies", "own_study": "studies", "compared": "kept", "Audit": "run", "run_audit": "run"}
_SOURCES |= {"Recommendation": "potentials", "recommend": "potentials", "verdicts": "potentials"}
_SOURCES |= {"ALPHA": "paired", "compare": "comparison", "page": "report", "write_report": "report"}
__all__ = sorted(_SOURCES)
__getattr__, __dir__ = lazy.attach(__name__, _SOURCES)  # the command needs no torch to say what it takes
